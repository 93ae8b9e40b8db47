import type { RequestListener } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { ProviderClient } from '../../../src/provider/batch-provider.ts';
import { createProviderClient, type ClientOptions } from '../../../src/provider/client.ts';
import { builtInDialect } from '../../../src/provider/dialects/dialects.ts';
import { serve } from '../../support/serve.ts';

/** A client with short timeouts, and a server that answers with this listener. */
async function openClient(
  listener: RequestListener,
  options: Partial<ClientOptions> = {},
): Promise<ProviderClient> {
  const url = await serve(listener);
  return createProviderClient({
    settings: { name: 'p', baseUrl: `${url}/v1`, dialect: builtInDialect('openai') },
    apiKey: () => Promise.resolve('k'),
    wait: () => Promise.resolve(),
    timeouts: { total: 150 },
    ...options,
  });
}

/** Sends its headers, and then a byte now and then until the client closes the connection. */
const drip: RequestListener = (request, response) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'application/json' });
  const timer = setInterval(() => response.write(' '), 10);
  response.on('close', () => clearInterval(timer));
};

/** Sends a file without end in small pieces. */
function dripOf(headers: Record<string, string>, piece: Buffer): RequestListener {
  return (request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/octet-stream', ...headers });
    const timer = setInterval(() => response.write(piece), 10);
    response.on('close', () => clearInterval(timer));
  };
}

function redirected(listener: RequestListener): RequestListener {
  return (request, response) => {
    if (request.url === '/store') return listener(request, response);
    request.resume();
    return response.writeHead(302, { location: '/store' }).end();
  };
}

const CREATE = {
  inputFileId: 'file-1',
  endpoint: '/v1/chat/completions',
  completionWindow: '24h',
  metadata: {},
  open: async function* () {},
};

describe('a response that comes very slowly', () => {
  test.each<[string, (client: ProviderClient) => Promise<unknown>]>([
    ['a poll', (client) => client.getBatch('batch-1')],
    ['a create', (client) => client.createBatch(CREATE)],
    ['a list', (client) => client.findBatch({ inputFileId: 'file-1', metadata: {} })],
    ['a cancel', (client) => client.cancelBatch('batch-1')],
    ['a delete', (client) => client.deleteFile('file-1')],
    [
      'an upload',
      (client) =>
        client.uploadFile({
          name: 'f.jsonl',
          bytes: 3,
          open: async function* () {
            yield await Promise.resolve(Buffer.from('{}\n'));
          },
        }),
    ],
    [
      'a download',
      async (client) => {
        for await (const chunk of client.download('file-1')) expect(chunk.length).toBeGreaterThan(0);
      },
    ],
  ])('ends %s, including its repeats', async (_call, make) => {
    const client = await openClient(drip);
    const startedAt = performance.now();

    await expect(make(client)).rejects.toMatchObject({ name: 'ProviderUnavailable' });

    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  test.each<[string, RequestListener]>([
    ['whole lines, one after the other', dripOf({}, Buffer.from('{"custom_id":"a"}\n'))],
    ['what looks like gzip', dripOf({}, Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]))],
    ['more than it promised to be', dripOf({ 'content-length': '1000000000' }, Buffer.from('{}\n'))],
    ['what is behind a redirect', redirected(dripOf({}, Buffer.from('{}\n')))],
  ])('ends a download that brings %s', async (_what, listener) => {
    const client = await openClient(listener);
    const startedAt = performance.now();

    await expect(
      (async () => {
        for await (const chunk of client.download('file-1')) expect(chunk.length).toBeGreaterThan(0);
      })(),
    ).rejects.toMatchObject({ name: 'ProviderUnavailable' });

    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  test('is reported as a response that was not complete in time', async () => {
    const client = await openClient(drip);

    await expect(client.getBatch('batch-1')).rejects.toMatchObject({
      message: 'get batch batch-1: no answer (not complete in time).',
    });
  });
});

test('a request that the server does not read is ended, too', async () => {
  const client = await openClient(() => undefined);
  const endless = async function* () {
    for (;;) yield await Promise.resolve(Buffer.alloc(65_536));
  };

  await expect(
    client.uploadFile({ name: 'f.jsonl', bytes: 10 * 65_536, open: endless }),
  ).rejects.toMatchObject({ name: 'ProviderUnavailable' });
});

test('a host that stops aborts its running calls and starts no others', async () => {
  const host = new AbortController();
  let calls = 0;
  const client = await openClient(
    () => {
      calls += 1;
      host.abort();
    },
    { signal: host.signal, timeouts: {} },
  );

  await expect(client.getBatch('batch-1')).rejects.toMatchObject({
    name: 'ProviderUnavailable',
    message: 'get batch batch-1: no answer (given up by this host).',
  });
  await expect(client.getBatch('batch-1')).rejects.toMatchObject({ name: 'ProviderUnavailable' });
  expect(calls).toBe(1);
});
