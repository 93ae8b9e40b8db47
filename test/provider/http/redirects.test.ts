import type { RequestListener } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ProviderClient } from '../../../src/provider/batch-provider.ts';
import { createProviderClient } from '../../../src/provider/client.ts';
import { builtInDialect } from '../../../src/provider/dialects/dialects.ts';
import { startRecorder } from '../../security/recorder.ts';

const KEY = 'sk-secret-of-the-account';
const BATCH = JSON.stringify({ id: 'b', status: 'completed', input_file_id: 'f' });

function open(url: string): ProviderClient {
  const client = createProviderClient({
    settings: { name: 'test', baseUrl: `${url}/v1`, dialect: builtInDialect('openai') },
    apiKey: () => Promise.resolve(KEY),
    random: () => 0,
    wait: () => Promise.resolve(),
  });
  onTestFinished(() => client.close().catch(() => undefined));
  return client;
}

const redirectTo =
  (location: string | undefined, status = 307): RequestListener =>
  (_, response) =>
    void response.writeHead(status, location === undefined ? {} : { location }).end();

async function* openFile(): AsyncGenerator<Buffer> {
  yield Buffer.from('{}\n');
}

const CREATE = {
  inputFileId: 'f',
  endpoint: '/v1/chat/completions',
  completionWindow: '24h',
  metadata: { key: 'j/0/1' },
  open: openFile,
};

const CALLS: Readonly<Record<string, (client: ProviderClient) => Promise<unknown>>> = {
  upload: (client) => client.uploadFile({ name: 'a.jsonl', bytes: 3, open: openFile }),
  create: (client) => client.createBatch(CREATE),
  cancel: (client) => client.cancelBatch('b'),
  delete: (client) => client.deleteFile('f'),
  'realtime call': (client) => client.send('/v1/chat/completions', '{}'),
};

describe.each(Object.entries(CALLS))('a redirect of the call %s', (_name, call) => {
  test.each([301, 302, 307, 308])(
    '(%i) is reported at once, with the host of the address',
    async (status) => {
      const elsewhere = await startRecorder();
      const provider = await startRecorder(redirectTo(`${elsewhere.url}/v2/files?signature=abc`, status));

      const failed = call(open(provider.url));

      await expect(failed).rejects.toMatchObject({
        name: 'ProviderMoved',
        message: expect.stringMatching(
          new RegExp(
            `: ${status}, a redirect to ${elsewhere.url}\\. It was not sent there.*\\[REDIRECTED\\]$`,
          ),
        ) as string,
      });
      expect(provider.requests).toHaveLength(1);
      expect(elsewhere.requests).toEqual([]);
    },
  );

  test('within the provider is reported with its path', async () => {
    const provider = await startRecorder(redirectTo('/v1/files/?token=abc', 308));

    await expect(call(open(provider.url))).rejects.toThrow(': 308, a redirect to /v1/files/. It was');
    expect(provider.requests).toHaveLength(1);
  });
});

describe('a redirect of a call that only reads', () => {
  test.each([301, 302, 303, 307, 308])(
    '(%i) is followed with the key within the provider',
    async (status) => {
      const provider = await startRecorder((request, response) =>
        request.url === '/v1/batches/b/'
          ? void response.end(BATCH)
          : redirectTo('/v1/batches/b/', status)(request, response),
      );

      expect(await open(provider.url).getBatch('b')).toMatchObject({ id: 'b', status: 'completed' });

      expect(provider.requests).toEqual(['GET /v1/batches/b', 'GET /v1/batches/b/']);
      expect(provider.received().split(KEY)).toHaveLength(3);
    },
  );

  test('is not followed to another origin, which would get the key', async () => {
    const elsewhere = await startRecorder((_, response) => void response.end(BATCH));
    const provider = await startRecorder(redirectTo(`${elsewhere.url}/v1/batches/b`));

    await expect(open(provider.url).getBatch('b')).rejects.toMatchObject({ name: 'ProviderMoved' });

    expect(provider.requests).toHaveLength(1);
    expect(elsewhere.requests).toEqual([]);
  });

  test('is followed a limited number of times', async () => {
    const provider = await startRecorder(redirectTo('/v1/again'));

    await expect(open(provider.url).getBatch('b')).rejects.toMatchObject({ name: 'ProviderMoved' });
    expect(provider.requests).toHaveLength(6);
  });

  test('without an address is repeated like an outage', async () => {
    const provider = await startRecorder(redirectTo(undefined, 304));

    await expect(open(provider.url).getBatch('b')).rejects.toMatchObject({ name: 'ProviderUnavailable' });
    expect(provider.requests).toHaveLength(3);
  });
});

test('a download that is redirected within the provider keeps the key', async () => {
  const provider = await startRecorder((request, response) =>
    request.url === '/v1/blobs/1' ? void response.end('{}\n') : redirectTo('/v1/blobs/1')(request, response),
  );
  const chunks = await Array.fromAsync(open(provider.url).download('f'));

  expect(Buffer.concat(chunks).toString()).toBe('{}\n');
  expect(provider.received().split(KEY)).toHaveLength(3);
});

test('a file that may not be downloaded does not deny the account', async () => {
  const provider = await startRecorder(
    (_, response) => void response.writeHead(403).end('{"error":{"message":"expired"}}'),
  );

  await expect(Array.fromAsync(open(provider.url).download('f'))).rejects.toMatchObject({
    name: 'ProviderUnavailable',
    message: 'download file f: 403 expired',
  });
});
