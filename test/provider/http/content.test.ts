import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import type { RequestListener } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import { redirectProblem } from '../../../src/provider/http/addresses.ts';
import type { ProviderClient } from '../../../src/provider/batch-provider.ts';
import { createProviderClient } from '../../../src/provider/client.ts';
import { builtInDialect } from '../../../src/provider/dialects/dialects.ts';
import { startRecorder } from '../../security/recorder.ts';
import { EXHAUSTIVE } from '../../support/exhaustive.ts';

const KEY = 'sk-secret-of-the-account';
const HEADER = 'secret-of-the-gateway';
const LINES = '{"custom_id":"a"}\n{"custom_id":"b"}\n';

function open(url: string): ProviderClient {
  const client = createProviderClient({
    settings: { name: 'test', baseUrl: `${url}/v1`, dialect: builtInDialect('openai') },
    apiKey: () => Promise.resolve(KEY),
    ownHeaders: () => Promise.resolve([{ name: 'x-gateway', value: HEADER, isSecret: true }]),
    random: () => 0,
    wait: () => Promise.resolve(),
  });
  onTestFinished(() => client.close().catch(() => undefined));
  return client;
}

async function textOf(content: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

const redirectTo =
  (location: string | (() => string), status = 302): RequestListener =>
  (_, response) =>
    void response
      .writeHead(status, { location: typeof location === 'string' ? location : location() })
      .end('moved');

async function download(answer: RequestListener): Promise<string> {
  const { url } = await startRecorder(answer);
  return textOf(open(url).download('file_1'));
}

describe('content behind a redirect', () => {
  test.each([301, 302, 303, 307, 308])('is followed (%i) without the key and the headers', async (status) => {
    const store = await startRecorder((_, response) => void response.end(LINES));
    const provider = await startRecorder(redirectTo(`${store.url}/bucket/key?X-Signature=abc`, status));

    expect(await textOf(open(provider.url).download('file_1'))).toBe(LINES);

    expect(provider.received()).toContain(KEY);
    expect(store.requests).toEqual(['GET /bucket/key?X-Signature=abc']);
    expect(store.received()).not.toContain(KEY);
    expect(store.received()).not.toContain(HEADER);
  });

  test('may be redirected again, and relative to where it was', async () => {
    const store = await startRecorder((request, response) =>
      request.url === '/b' ? void response.end(LINES) : redirectTo('/b')(request, response),
    );

    expect(await download(redirectTo(`${store.url}/a`))).toBe(LINES);
  });

  test('is followed a limited number of times', async () => {
    const provider = await startRecorder(redirectTo('/v1/again'));

    await expect(textOf(open(provider.url).download('file_1'))).rejects.toMatchObject({
      name: 'ProviderRejected',
      message: expect.stringContaining('more than 5 times') as string,
    });
    expect(provider.requests).toHaveLength(6);
  });

  test.each([
    'http://storage.example/x',
    'ftp://127.0.0.1/x',
    'file:///etc/passwd',
    'https://u:p@storage.example/',
    'http://',
  ])('is not followed to %s', async (location) => {
    await expect(download(redirectTo(location))).rejects.toMatchObject({ name: 'ProviderRejected' });
  });

  test.each([
    [401, 'ProviderUnavailable'],
    [403, 'ProviderUnavailable'],
    [404, 'ProviderNotFound'],
    [500, 'ProviderUnavailable'],
  ])('that the storage answers with %i does not concern the account: %s', async (status, name) => {
    const store = await startRecorder((_, response) => void response.writeHead(status).end('<Error/>'));

    const failed = download(redirectTo(`${store.url}/bucket?X-Signature=abc`));

    await expect(failed).rejects.toMatchObject({
      name,
      message: expect.not.stringContaining('abc') as string,
    });
  });
});

describe('a redirect from a provider', () => {
  const PUBLIC = 'https://api.example.com/v1';

  test.each([
    ['https://storage.example/x', PUBLIC],
    ['https://127.0.0.1:9000/x', 'http://127.0.0.1:4000/v1'],
    ['http://localhost:9000/x', 'http://127.0.0.1:4000/v1'],
    ['http://10.0.0.7/x', 'http://10.0.0.5/v1'],
    ['https://10.0.0.7/x', 'https://10.0.0.5/v1'],
  ])('may lead to %s from %s', (to, base) => {
    expect(redirectProblem(new URL(to), base)).toBeUndefined();
  });

  test.each([
    ['http://storage.example/x', PUBLIC],
    ['http://127.0.0.1/x', PUBLIC],
    ['https://127.0.0.1/x', PUBLIC],
    ['https://localhost/x', PUBLIC],
    ['https://10.1.2.3/x', PUBLIC],
    ['https://172.20.0.1/x', PUBLIC],
    ['https://192.168.1.1/x', PUBLIC],
    ['https://169.254.169.254/latest', PUBLIC],
    ['https://2852039166/latest', PUBLIC],
    ['https://[::1]/x', PUBLIC],
    ['https://[fd00::1]/x', PUBLIC],
    ['https://[::ffff:10.0.0.1]/x', PUBLIC],
    ['https://minio/x', PUBLIC],
    ['https://store.internal/x', PUBLIC],
    ['data:text/plain,x', PUBLIC],
    ['http://storage.example/x', 'http://127.0.0.1:4000/v1'],
  ])('may not lead to %s from %s', (to, base) => {
    expect(redirectProblem(new URL(to), base)).toBeTypeOf('string');
  });
});

describe('compressed content', () => {
  test.each<[string, RequestListener]>([
    [
      'in the coding gzip',
      (_, response) => void response.setHeader('content-encoding', 'gzip').end(gzipSync(LINES)),
    ],
    [
      'in the coding X-GZIP',
      (_, response) => void response.setHeader('content-encoding', 'X-GZIP').end(gzipSync(LINES)),
    ],
    [
      'in the coding deflate',
      (_, response) => void response.setHeader('content-encoding', 'deflate').end(deflateSync(LINES)),
    ],
    ['as a file that is Zstandard', (_, response) => void response.end(zstdCompressSync(LINES))],
    ['as a file that is gzip', (_, response) => void response.end(gzipSync(LINES))],
    [
      'twice',
      (_, response) => void response.setHeader('content-encoding', 'gzip').end(gzipSync(gzipSync(LINES))),
    ],
  ])('%s is unpacked, although it was not requested', async (_how, answer) => {
    const { url, received } = await startRecorder(answer);

    expect(await textOf(open(url).download('file_1'))).toBe(LINES);
    expect(received()).toContain('"accept-encoding":"identity"');
  });

  test('that is cut off is not a complete file', async () => {
    const failed = download((_, response) => void response.end(gzipSync(LINES).subarray(0, -9)));

    await expect(failed).rejects.toMatchObject({ name: 'ProviderUnavailable' });
  });

  test('in an unknown encoding is not stored as the file', async () => {
    const failed = download((_, response) => void response.setHeader('content-encoding', 'lzma').end('x'));

    await expect(failed).rejects.toMatchObject({
      message: 'download file file_1: it came in the coding "lzma".',
    });
  });

  test('is given up if it unpacks to far too much', EXHAUSTIVE, async () => {
    const bomb = gzipSync(Buffer.alloc(400 * 1_048_576), { level: 9 });
    const { url } = await startRecorder((_, response) => void response.end(bomb));
    const read = async (): Promise<number> => {
      let bytes = 0;
      for await (const chunk of open(url).download('file_1')) bytes += chunk.byteLength;
      return bytes;
    };

    await expect(read()).rejects.toMatchObject({ name: 'ProviderRejected' });
  });
});

describe('a response without a complete file', () => {
  test.each([204, 206, 203])('is one with status %i', async (status) => {
    const failed = download(
      (_, response) => void response.writeHead(status).end(status === 204 ? undefined : LINES),
    );

    await expect(failed).rejects.toMatchObject({ name: 'ProviderUnavailable' });
  });

  test('may be an empty body or a single byte, which the caller judges', async () => {
    expect(await download((_, response) => void response.end())).toBe('');
    expect(await download((_, response) => void response.end('x'))).toBe('x');
  });
});

describe('the size of a file', () => {
  const sizeOf = async (answer: object): Promise<number | undefined> => {
    const { url } = await startRecorder((_, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answer));
    });
    return open(url).fileBytes('file_1');
  };

  test('is the one in the file object of exactly this file', async () => {
    expect(await sizeOf({ id: 'file_1', object: 'file', bytes: 34 })).toBe(34);
  });

  test.each([
    ['another file', { id: 'file_2', object: 'file', bytes: 34 }],
    ['an error with status 200', { error: { message: 'not yet', code: 503 } }],
  ])('is unknown when the answer is %s', async (_, answer) => {
    expect(await sizeOf(answer).catch((error: unknown) => (error as Error).name)).toBeOneOf([
      undefined,
      'ProviderUnavailable',
    ]);
  });
});

test('a client is closed also after a file that was not read to its end', async () => {
  const large = Buffer.alloc(4 * 1_048_576, '{"custom_id":"a"}\n');
  const { url } = await startRecorder((_, response) => void response.end(large));
  const client = open(url);

  let bytes = 0;
  for await (const chunk of client.download('file_1')) {
    bytes = chunk.length;
    break;
  }
  // `close` waits for every connection that is in use.
  await client.close();

  expect(bytes).toBeLessThan(large.length);
});
