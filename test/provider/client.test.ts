import type { IncomingHttpHeaders } from 'node:http';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Fault } from '../../simulator/faults.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/index.ts';
import type { UploadFile } from '../../src/provider/batch-provider.ts';
import { builtInDialect, type DialectName } from '../../src/provider/dialects/dialects.ts';
import { createProviderClient, type ClientOptions } from '../../src/provider/client.ts';
import type { ProviderClient } from '../../src/provider/batch-provider.ts';
import { serve } from '../support/serve.ts';

const KEY = 'sk-mel-a-secret-key';
const INSTANT = { queuedSeconds: 0, runningSeconds: 0, finalizingSeconds: 0 };

interface Opened {
  readonly simulator: Simulator;
  readonly client: ProviderClient;
  /** Waits between attempts in milliseconds. They take no time in the test. */
  readonly waits: number[];
}

async function open(options: SimulatorOptions = {}): Promise<Opened> {
  const simulator = await startSimulator({ apiKey: KEY, stages: INSTANT, ...options });
  onTestFinished(() => simulator.close());
  const waits: number[] = [];
  const wait = async (milliseconds: number): Promise<void> => void waits.push(milliseconds);
  return { simulator, waits, client: openClient(simulator.url, { wait }, options.dialect) };
}

function openClient(
  baseUrl: string,
  options: Partial<ClientOptions> = {},
  dialect: DialectName = 'melious',
): ProviderClient {
  const client = createProviderClient({
    settings: { name: 'test', baseUrl, dialect: builtInDialect(dialect) },
    apiKey: () => Promise.resolve(KEY),
    random: () => 0,
    ...options,
  });
  onTestFinished(() => client.close());
  return client;
}

const LINES = ['q0', 'q1'].map((custom_id) =>
  JSON.stringify({
    custom_id,
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'm', messages: [{ role: 'user', content: 'hi' }] },
  }),
);

function requests(name = 'job-00000-r1.jsonl'): UploadFile {
  const content = Buffer.from(`${LINES.join('\n')}\n`);
  return {
    name,
    bytes: content.byteLength,
    open: async function* () {
      yield content.subarray(0, 10);
      yield content.subarray(10);
    },
  };
}

const CREATE = { endpoint: '/v1/chat/completions', completionWindow: '24h', open: requests().open };

async function failureOf(call: Promise<unknown>): Promise<Error> {
  return call.then(
    () => new Error('It did not fail.'),
    (error: Error) => error,
  );
}

async function textOf(content: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

const uploads = ({ simulator }: Opened): number =>
  simulator.requests().filter(({ method, path }) => method === 'POST' && path === '/v1/files').length;

describe.each(['melious', 'openai'] as const)('the client and a %s provider', (dialect) => {
  test('upload, create, poll, download and delete', async () => {
    const { client, simulator } = await open({ dialect });

    const file = await client.uploadFile(requests());
    const batch = await client.createBatch({
      inputFileId: file.id,
      ...CREATE,
      metadata: { key: 'job/00000/1' },
    });
    const ended = await client.getBatch(batch.id);
    const output = await textOf(client.download(ended.outputFileId ?? ''));
    for (const { id } of simulator.files()) await client.deleteFile(id);

    expect(file.bytes).toBe(requests().bytes);
    expect(ended).toMatchObject({
      phase: 'ended',
      ending: 'succeeded',
      counts: { total: 2, succeeded: 2, failed: 0 },
    });
    expect(ended.metadata).toEqual({ key: 'job/00000/1' });
    expect(output.trimEnd().split('\n')).toHaveLength(2);
    expect(simulator.files()).toEqual([]);
  });
});

describe('an upload', () => {
  test('that has to be processed and is not found immediately is looked for again', async () => {
    const { client } = await open({
      dialect: 'azure',
      faults: [{ at: 'get', action: { kind: 'status', status: 404 }, times: 1 }],
    });

    expect(await client.uploadFile(requests())).toMatchObject({ name: 'job-00000-r1.jsonl' });
  });

  test('that is rejected at its storage URL leaves no empty file', async () => {
    const { client, simulator } = await open({ dialect: 'together', maxFileBytes: 10 });

    await expect(client.uploadFile(requests())).rejects.toMatchObject({ name: 'ProviderFileTooLarge' });
    expect(simulator.files()).toEqual([]);
  });

  test('whose response is lost is repeated if the provider has no list', async () => {
    const { client } = await open({
      faults: [
        { at: 'upload', action: { kind: 'reset', when: 'after' }, times: 1 },
        { at: 'list', action: { kind: 'status', status: 405 } },
      ],
    });

    expect(await client.uploadFile(requests())).toMatchObject({ repeated: true });
  });

  test('whose response is lost is found and not repeated', async () => {
    const opened = await open({ faults: [{ at: 'upload', action: { kind: 'reset', when: 'after' } }] });

    const file = await opened.client.uploadFile(requests());

    expect(uploads(opened)).toBe(1);
    expect(opened.simulator.files().map(({ id }) => id)).toEqual([file.id]);
  });

  test.each<[string, Fault]>([
    ['the connection broke before it arrived', { at: 'upload', action: { kind: 'reset' } }],
    ['the provider was down', { at: 'upload', action: { kind: 'status', status: 503 } }],
  ])('is repeated if %s', async (_, fault) => {
    const opened = await open({ faults: [fault] });

    await opened.client.uploadFile(requests());

    expect(opened.simulator.files()).toHaveLength(1);
  });

  test('that is rejected is not repeated', async () => {
    const opened = await open({ maxFileBytes: 10 });

    await expect(opened.client.uploadFile(requests())).rejects.toMatchObject({
      name: 'ProviderFileTooLarge',
    });
    expect(uploads(opened)).toBe(1);
  });

  test('is found by name over several pages', async () => {
    const { client } = await open();
    const first = await client.uploadFile(requests('the-one.jsonl'));
    for (let n = 0; n < 105; n += 1) await client.uploadFile(requests(`other-${n}.jsonl`));

    expect(await client.findFile('the-one.jsonl')).toMatchObject({ id: first.id });
    expect(await client.findFile('absent.jsonl')).toBeUndefined();
  });
});

describe('a create', () => {
  test.each<[string, Fault]>([
    ['its answer is lost', { at: 'create', action: { kind: 'reset', when: 'after' } }],
    ['the connection breaks', { at: 'create', action: { kind: 'reset' } }],
    [
      'the gateway fails after it was made',
      { at: 'create', action: { kind: 'status', status: 502, when: 'after' } },
    ],
    ['the answer is truncated', { at: 'create', action: { kind: 'truncated' } }],
    ['the answer is empty', { at: 'create', action: { kind: 'empty' } }],
    ['the answer is HTML', { at: 'create', action: { kind: 'html' } }],
  ])('is never repeated by the client: %s', async (_, fault) => {
    const { client, simulator } = await open({ faults: [fault] });
    const { id } = await client.uploadFile(requests());

    const created = client.createBatch({ inputFileId: id, ...CREATE, metadata: {} });

    await expect(created).rejects.toMatchObject({ name: 'ProviderUnavailable' });
    const creates = simulator
      .requests()
      .filter(({ method, path }) => method === 'POST' && path === '/v1/batches');
    expect(creates.length).toBeLessThanOrEqual(1);
    expect(simulator.batches().length).toBeLessThanOrEqual(1);
  });

  test('that was lost is found by its file, over several pages', async () => {
    const { client } = await open();
    const { id } = await client.uploadFile(requests());
    const other = await client.uploadFile(requests('other.jsonl'));
    const make = (inputFileId: string, key: string) =>
      client.createBatch({ inputFileId, ...CREATE, metadata: { key, job: 'j', tool: 'nightshift' } });
    const wanted = await make(id, 'j/00000/1');
    for (let n = 0; n < 101; n += 1) await make(other.id, `j/00001/${n}`);

    expect(await client.findBatch({ inputFileId: id, metadata: { key: 'j/00000/1' } })).toMatchObject({
      id: wanted.id,
    });
    expect(
      await client.findBatch({ inputFileId: 'file_gone', metadata: { key: 'j/00000/2' } }),
    ).toBeUndefined();
  });

  test.each([
    ['perplexity', true],
    ['openai', false],
    ['melious', false],
  ] as const)('has an Idempotency-Key only if the provider honours it: %s', async (dialect, isHonoured) => {
    const { simulator } = await open({ dialect: 'openai' });
    const client = openClient(simulator.url, {}, dialect);
    const { id } = await client.uploadFile(requests());

    await client.createBatch({
      inputFileId: id,
      ...CREATE,
      metadata: { key: 'job-1/00000/1', job: 'job-1' },
    });

    const create = simulator.requests().find(({ path }) => path === '/v1/batches');
    const key = create?.headers['idempotency-key'];
    if (isHonoured) expect(key).toMatch(/^job-1\/00000\/1\/[0-9a-f]{16}$/);
    else expect(key).toBeUndefined();
  });

  test('that was lost is found by its file if the provider keeps no metadata', async () => {
    const { client } = await open();
    const { id } = await client.uploadFile(requests());
    const batch = await client.createBatch({ inputFileId: id, ...CREATE, metadata: {} });

    expect(await client.findBatch({ inputFileId: id, metadata: { key: 'k' } })).toMatchObject({
      id: batch.id,
    });
    expect(await client.findBatch({ inputFileId: 'other', metadata: { key: 'k' } })).toBeUndefined();
  });
});

describe('a poll', () => {
  async function openBatch(faults: readonly Fault[]): Promise<Opened & { batchId: string }> {
    const opened = await open({ faults });
    const { id } = await opened.client.uploadFile(requests());
    const batch = await opened.client.createBatch({ inputFileId: id, ...CREATE, metadata: {} });
    return { ...opened, batchId: batch.id };
  }

  test.each<[string, Fault['action']]>([
    ['a reset', { kind: 'reset' }],
    ['a 500', { kind: 'status', status: 500 }],
    ['HTML', { kind: 'html' }],
    ['an empty answer', { kind: 'empty' }],
    ['a truncated answer', { kind: 'truncated' }],
  ])('survives %s', async (_, action) => {
    const { client, batchId } = await openBatch([{ at: 'get', action } as Fault]);

    expect(await client.getBatch(batchId)).toMatchObject({ id: batchId });
  });

  test('waits as long as the provider says', async () => {
    const action = { kind: 'status', status: 429, code: 'AUTH_1028', retryAfter: 7 } as const;
    const { client, batchId, waits } = await openBatch([{ at: 'get', action }]);

    await client.getBatch(batchId);

    expect(waits).toEqual([7_000]);
  });

  test('leaves long waits to the state machine', async () => {
    const action = { kind: 'status', status: 429, retryAfter: 3_600 } as const;
    const { client, batchId, waits } = await openBatch([{ at: 'get', action }]);

    await expect(client.getBatch(batchId)).rejects.toMatchObject({ name: 'ProviderThrottled' });
    expect(waits).toEqual([]);
  });

  test('gives up after three attempts', async () => {
    const { client, batchId, waits } = await openBatch([
      { at: 'get', action: { kind: 'status', status: 503 }, times: 'always' },
    ]);

    await expect(client.getBatch(batchId)).rejects.toMatchObject({ name: 'ProviderUnavailable' });
    expect(waits).toEqual([500, 1_000]);
  });

  test('of a batch that does not exist is a named error', async () => {
    const { client } = await open();

    await expect(client.getBatch('no/such batch?')).rejects.toMatchObject({ name: 'ProviderNotFound' });
  });
});

describe('a download', () => {
  async function openOutput(...faults: Fault[]): Promise<{ client: ProviderClient; fileId: string }> {
    const { client } = await open({ faults });
    const { id } = await client.uploadFile(requests());
    const batch = await client.createBatch({ inputFileId: id, ...CREATE, metadata: {} });
    return { client, fileId: batch.outputFileId ?? '' };
  }

  test('that breaks off continues after the received bytes', async () => {
    const { client, fileId } = await openOutput({ at: 'content', action: { kind: 'truncated-body' } });

    expect((await textOf(client.download(fileId))).trimEnd().split('\n')).toHaveLength(2);
  });

  test('that breaks off immediately, again and again, is an outage and not a short file', async () => {
    const breaks = { at: 'content', action: { kind: 'breaks', afterBytes: 0 }, times: 3 } as const;
    const { client, fileId } = await openOutput(breaks);

    await expect(textOf(client.download(fileId))).rejects.toMatchObject({ name: 'ProviderUnavailable' });
    expect((await textOf(client.download(fileId))).trimEnd().split('\n')).toHaveLength(2);
  });

  test('is repeated if the provider is down at first', async () => {
    const { client, fileId } = await openOutput({
      at: 'content',
      action: { kind: 'status', status: 502 },
      times: 2,
    });

    expect(await textOf(client.download(fileId))).toContain('"custom_id":"q0"');
  });

  test('of a deleted file is a named error', async () => {
    const { client } = await open();

    await expect(textOf(client.download('file_gone'))).rejects.toMatchObject({ name: 'ProviderNotFound' });
  });
});

describe('cancelling and deleting', () => {
  test('may be repeated, also for deleted objects', async () => {
    const { client } = await open({
      stages: { queuedSeconds: 1_000, runningSeconds: 0, finalizingSeconds: 1_000 },
    });
    const { id } = await client.uploadFile(requests());
    const batch = await client.createBatch({ inputFileId: id, ...CREATE, metadata: {} });

    await client.cancelBatch(batch.id);
    await client.cancelBatch(batch.id);
    await client.deleteFile('file_gone');

    expect(await client.getBatch(batch.id)).toMatchObject({ status: 'cancelling' });
  });
});

describe('a provider that does not answer', () => {
  test('is an outage after the timeout', async () => {
    const url = await serve(() => undefined);
    const client = openClient(`${url}/v1`, {
      timeouts: { headers: 50 },
      wait: async () => undefined,
    });

    await expect(client.getBatch('batch_1')).rejects.toMatchObject({
      name: 'ProviderUnavailable',
      message: 'get batch batch_1: no answer (UND_ERR_HEADERS_TIMEOUT).',
    });
  });

  test('is reported without the key, also if the key is rejected', async () => {
    const nobody = openClient('http://127.0.0.1:1/v1', { wait: async () => undefined });
    const { simulator } = await open({ apiKey: 'another key' });
    const denied = openClient(simulator.url);

    const errors = await Promise.all([nobody, denied].map((client) => failureOf(client.getBatch('b'))));

    expect(errors.map(({ name }) => name)).toEqual(['ProviderUnavailable', 'ProviderDenied']);
    for (const error of errors) expect(inspect(error, { depth: 10 })).not.toContain(KEY);
  });
});

describe('a dialect', () => {
  test.each([
    ['openai', 'authorization', `Bearer ${KEY}`],
    ['azure', 'api-key', KEY],
  ] as const)('%s has the key in %s', async (dialect, header, value) => {
    const seen: IncomingHttpHeaders[] = [];
    const url = await serve((request, response) => {
      seen.push(request.headers);
      response.end('{"id":"b","status":"completed"}');
    });

    await openClient(`${url}/v1`, {}, dialect).getBatch('b');

    expect(seen[0]?.[header]).toBe(value);
    expect(Object.values(seen[0] ?? {}).filter((text) => String(text).includes(KEY))).toHaveLength(1);
  });

  test.each([
    ['openai', true],
    ['azure', true],
    ['perplexity', false],
    ['groq', false],
  ] as const)('%s gets an expiry time for files: %s', async (dialect, told) => {
    const { client, simulator } = await open({ dialect, clock: { now: () => 0 } });

    await client.uploadFile(requests());

    const expiresAt = told ? 30 * 86_400_000 : undefined;
    expect(simulator.files()).toMatchObject([{ name: 'job-00000-r1.jsonl' }]);
    expect(simulator.files()[0]?.expiresAt).toBe(expiresAt);
  });

  test('that processes files first is waited for, also if the file was found again', async () => {
    const { client, waits } = await open({ dialect: 'azure' });
    await client.uploadFile(requests('first.jsonl'));
    expect(waits).toEqual([1_000, 2_000]);
    const lost = await open({
      dialect: 'azure',
      faults: [{ at: 'upload', action: { kind: 'reset', when: 'after' } }],
    });

    const { id } = await lost.client.uploadFile(requests());

    await expect(
      lost.client.createBatch({ inputFileId: id, ...CREATE, metadata: {} }),
    ).resolves.toMatchObject({ ending: 'succeeded' });
  });

  test.each(['generic', 'aibrix'] as const)(
    '%s refuses a cancel, and the caller learns that it was not taken',
    async (dialect) => {
      const { client } = await open({
        dialect,
        stages: { queuedSeconds: 1_000, runningSeconds: 0, finalizingSeconds: 0 },
        faults: [
          { at: 'cancel', action: { kind: 'status', status: 400, message: 'Batch cannot be cancelled' } },
        ],
      });
      const { id } = await client.uploadFile(requests());
      const batch = await client.createBatch({ inputFileId: id, ...CREATE, metadata: {} });

      await expect(client.cancelBatch(batch.id)).rejects.toMatchObject({ name: 'ProviderRejected' });
    },
  );

  test('whose files cannot be deleted reports them', async () => {
    const { client } = await open({ dialect: 'generic' });
    const { id } = await client.uploadFile(requests());

    await expect(client.deleteFile(id)).rejects.toMatchObject({ name: 'ProviderRejected' });
  });

  test('whose lists do not show further pages is read until a page has nothing new', async () => {
    const ids = Array.from({ length: 5 }, (_, n) => `file_${n}`);
    const url = await serve((request, response) => {
      const after = new URL(request.url ?? '', 'http://localhost').searchParams.get('after');
      const from = after === null ? 0 : ids.indexOf(after) + 1;
      const data = ids.slice(from, from + 2).map((id) => ({ id, filename: `${id}.jsonl` }));
      response.end(JSON.stringify({ object: 'list', data }));
    });
    const client = openClient(`${url}/v1`, {}, 'groq');

    expect(await client.findFile('file_4.jsonl')).toMatchObject({ id: 'file_4' });
    expect(await client.findFile('none.jsonl')).toBeUndefined();
  });
});
