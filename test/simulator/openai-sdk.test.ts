import OpenAI, { APIError, toFile } from 'openai';
import type { Batch } from 'openai/resources/batches';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startSimulator, type SimulatorOptions } from '../../simulator/index.ts';

/** OpenAI's own SDK, with its types, works with the simulator as with OpenAI. */

const KEY = 'sk-of-the-sdk';

async function open(options: SimulatorOptions = {}) {
  let now = Date.UTC(2026, 10, 1);
  const simulator = await startSimulator({
    dialect: 'openai',
    apiKey: KEY,
    clock: { now: () => now },
    stages: { queuedSeconds: 10, runningSeconds: 100, finalizingSeconds: 10 },
    ...options,
  });
  onTestFinished(() => simulator.close());
  const client = new OpenAI({ apiKey: KEY, baseURL: simulator.url, maxRetries: 0 });
  return { simulator, client, pass: (seconds: number) => (now += seconds * 1_000) };
}

function requestLines(ids: readonly string[]): string {
  return ids
    .map((custom_id) =>
      JSON.stringify({
        custom_id,
        method: 'POST',
        url: '/v1/chat/completions',
        body: { model: 'gpt-test', messages: [{ role: 'user', content: `echo:${custom_id}` }] },
      }),
    )
    .join('\n');
}

async function start(client: OpenAI, ids: readonly string[]): Promise<Batch> {
  const file = await client.files.create({
    file: await toFile(Buffer.from(requestLines(ids)), 'requests.jsonl'),
    purpose: 'batch',
    expires_after: { anchor: 'created_at', seconds: 3_600 },
  });
  return client.batches.create({
    input_file_id: file.id,
    endpoint: '/v1/chat/completions',
    completion_window: '24h',
    metadata: { team: 'night' },
  });
}

interface OutputLine {
  readonly custom_id: string;
  readonly response: { status_code: number; body: OpenAI.ChatCompletion } | null;
  readonly error: { code: string; message: string } | null;
}

async function linesOf(client: OpenAI, fileId: string | undefined): Promise<OutputLine[]> {
  const content = await (await client.files.content(fileId ?? '')).text();
  return content
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as OutputLine);
}

describe('OpenAI’s SDK', () => {
  test('uploads, creates, polls and reads answers', async () => {
    const { client, pass } = await open();

    const batch = await start(client, ['a', 'b']);
    expect(batch).toMatchObject({
      object: 'batch',
      status: 'validating',
      endpoint: '/v1/chat/completions',
      metadata: { team: 'night' },
      request_counts: { total: 2, completed: 0, failed: 0 },
    } satisfies Partial<Batch>);
    pass(60);
    expect((await client.batches.retrieve(batch.id)).status).toBe('in_progress');
    pass(55);
    expect((await client.batches.retrieve(batch.id)).status).toBe('finalizing');
    pass(10);
    const ended = await client.batches.retrieve(batch.id);

    expect(ended).toMatchObject({
      status: 'completed',
      request_counts: { total: 2, completed: 2, failed: 0 },
    });
    expect(ended.error_file_id).toBeNull();
    const answers = (await linesOf(client, ended.output_file_id)).map(({ custom_id, response }) => [
      custom_id,
      response?.status_code,
      response?.body.choices[0]?.message.content,
    ]);
    expect(answers).toHaveLength(2);
    expect(answers).toContainEqual(['a', 200, 'a']);
    expect(answers).toContainEqual(['b', 200, 'b']);
  });

  test('sees the file it uploaded, and deletes it', async () => {
    const { client } = await open();
    const { input_file_id: id } = await start(client, ['a']);

    const file = await client.files.retrieve(id);

    expect(file).toMatchObject({ id, object: 'file', filename: 'requests.jsonl', purpose: 'batch' });
    expect(file.bytes).toBe(Buffer.byteLength(requestLines(['a'])));
    expect((file.expires_at ?? 0) - file.created_at).toBe(3_600);
    expect(await client.files.delete(id)).toEqual({ id, object: 'file', deleted: true });
    await expect(client.files.retrieve(id)).rejects.toMatchObject({ status: 404 });
  });

  test('lists all batches over its pages, newest first', async () => {
    const { client } = await open();
    const made: string[] = [];
    for (let n = 0; n < 5; n += 1) made.push((await start(client, [`r${n}`])).id);

    const listed: string[] = [];
    for await (const { id } of client.batches.list({ limit: 2 })) listed.push(id);

    expect(listed).toEqual(made.toReversed());
  });

  test('lists all files over its pages', async () => {
    const { client } = await open();
    const made: string[] = [];
    for (let n = 0; n < 3; n += 1) made.push((await start(client, [`r${n}`])).input_file_id);

    const listed: string[] = [];
    for await (const { id } of client.files.list({ purpose: 'batch', limit: 2, order: 'asc' }))
      listed.push(id);

    expect(listed).toEqual(made);
  });

  test('cancels, and finds the finished and the unfinished rows', async () => {
    const { client, pass } = await open();
    const { id } = await start(client, ['a', 'b', 'c', 'd']);
    pass(60);

    expect((await client.batches.cancel(id)).status).toBe('cancelling');
    pass(10);
    const ended = await client.batches.retrieve(id);

    expect(ended.status).toBe('cancelled');
    expect(ended.cancelled_at).toBeGreaterThan(ended.created_at);
    const done = await linesOf(client, ended.output_file_id);
    const rest = await linesOf(client, ended.error_file_id);
    expect([...done, ...rest].map(({ custom_id }) => custom_id).toSorted()).toEqual(['a', 'b', 'c', 'd']);
    expect(rest.every(({ error }) => error?.code === 'batch_cancelled')).toBe(true);
  });

  test('gets the errors of a batch that failed its validation, line by line', async () => {
    const { client, pass } = await open();
    const file = await client.files.create({
      file: await toFile(Buffer.from(`${requestLines(['a', 'a'])}\n{"custom_id":"b"}`), 'requests.jsonl'),
      purpose: 'batch',
    });
    const { id } = await client.batches.create({
      input_file_id: file.id,
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
    });
    pass(10);

    const { status, errors } = await client.batches.retrieve(id);

    expect(status).toBe('failed');
    expect(errors?.data?.map(({ line, code }) => [line, code])).toEqual([
      [2, 'duplicate_custom_id'],
      [3, 'missing_required_parameter'],
    ]);
  });

  test('throws its own errors', async () => {
    const { client, simulator } = await open();
    const stranger = new OpenAI({ apiKey: 'sk-wrong', baseURL: simulator.url, maxRetries: 0 });

    await expect(stranger.batches.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    await expect(client.batches.retrieve('batch_none')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    const wrong = client.batches.create({
      input_file_id: 'file_none',
      endpoint: '/v1/nothing' as '/v1/embeddings',
      completion_window: '24h',
    });
    await expect(wrong).rejects.toSatisfy(
      (error) => error instanceof APIError && error.status === 400 && error.code === 'invalid_value',
    );
  });

  test('reads model, tokens and times of a batch as at OpenAI', async () => {
    const { client, pass } = await open();
    const made = await start(client, ['a', 'b']);

    expect(made).toMatchObject({ model: 'gpt-test', in_progress_at: null, finalizing_at: null });
    pass(60);
    const running = await client.batches.retrieve(made.id);
    expect(running).toMatchObject({ in_progress_at: made.created_at + 10, finalizing_at: null });
    pass(100);
    const ended = await client.batches.retrieve(made.id);

    expect(ended).toMatchObject({
      in_progress_at: made.created_at + 10,
      finalizing_at: made.created_at + 110,
      completed_at: made.created_at + 120,
      usage: { input_tokens_details: { cached_tokens: 0 }, output_tokens_details: { reasoning_tokens: 0 } },
    });
    const lines = await linesOf(client, ended.output_file_id);
    const tokens = lines.map(({ response }) => response?.body.usage?.total_tokens ?? 0);
    expect(ended.usage?.total_tokens).toBe(tokens.reduce((sum, count) => sum + count, 0));
    expect(Object.keys(lines[0]?.response?.body ?? {}).toSorted()).toEqual(
      ['choices', 'created', 'id', 'model', 'object', 'usage'].toSorted(),
    );
  });

  test('lists models and reads one', async () => {
    const { client } = await open();

    const ids = (await Array.fromAsync(client.models.list())).map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(0);
    expect(await client.models.retrieve('gpt-test')).toMatchObject({ id: 'gpt-test', object: 'model' });
    await expect(client.models.retrieve('unknown-model')).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
  });

  test('gets OpenAI’s codes for a wrong key, a limit and an unknown model', async () => {
    const { client, simulator } = await open({ realtimeLimit: { requests: 1, perSeconds: 60 } });
    const stranger = new OpenAI({ apiKey: 'sk-wrong', baseURL: simulator.url, maxRetries: 0 });
    const ask = (model: string) => client.chat.completions.create({ model, messages: [] });

    await expect(stranger.models.list()).rejects.toMatchObject({ status: 401, code: 'invalid_api_key' });
    await expect(ask('unknown-model')).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
    await expect(ask('gpt-test')).rejects.toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
  });

  test('streams a chat completion with the usage at its end', async () => {
    const { client } = await open();
    const request = {
      model: 'gpt-test',
      messages: [{ role: 'user' as const, content: 'echo:one two  three' }],
    };
    const whole = await client.chat.completions.create(request);

    const stream = client.chat.completions.stream({ ...request, stream_options: { include_usage: true } });
    let pieces = 0;
    for await (const chunk of stream) pieces += chunk.choices.length;
    const { choices, usage } = await stream.finalChatCompletion();

    expect(pieces).toBe(5);
    expect(choices[0]).toMatchObject({
      message: { role: 'assistant', content: 'one two  three' },
      finish_reason: 'stop',
    });
    expect(usage).toEqual(whole.usage);
  });

  test('streams a refusal, a completion and a response', async () => {
    const { client } = await open();

    const refused = client.chat.completions.stream({
      model: 'gpt-test',
      messages: [{ role: 'user', content: '[refuse] please' }],
    });
    expect((await refused.finalChatCompletion()).choices[0]?.message).toMatchObject({
      content: null,
      refusal: 'I cannot help with that.',
    });

    const texts: string[] = [];
    const completion = await client.completions.create({
      model: 'gpt-test',
      prompt: 'echo:a b',
      stream: true,
    });
    for await (const { choices } of completion) texts.push(choices[0]?.text ?? '');
    expect(texts).toEqual(['a ', 'b', '']);

    const response = await client.responses.stream({ model: 'gpt-test', input: 'echo:a b' }).finalResponse();
    expect(response).toMatchObject({ status: 'completed', output_text: 'a b' });
  });

  test('gets an error for a stream if there is none', async () => {
    const { client } = await open();
    const images = client.images.generate({ model: 'gpt-test', prompt: 'a cat', stream: true });

    await expect(images).rejects.toMatchObject({ status: 400, code: 'unsupported_value' });
  });

  test('handles a rate limit with its own retries', async () => {
    const { simulator } = await open({
      faults: [{ at: 'list', action: { kind: 'status', status: 429, retryAfter: 0 } }],
    });
    const client = new OpenAI({ apiKey: KEY, baseURL: simulator.url, maxRetries: 1 });

    expect((await client.batches.list()).data).toEqual([]);
  });
});

describe('OpenAI’s SDK', () => {
  test.each(['melious', 'groq', 'novita', 'ogx', 'doubleword'] as const)(
    'runs a batch in the dialect %s',
    async (dialect) => {
      const { client, pass } = await open({ dialect });
      const file = await client.files.create({
        file: await toFile(Buffer.from(requestLines(['a'])), 'requests.jsonl'),
        purpose: 'batch',
      });
      const { id } = await client.batches.create({
        input_file_id: file.id,
        endpoint: '/v1/chat/completions',
        completion_window: (dialect === 'novita' ? '48h' : '24h') as '24h',
      });
      pass(120);

      const { output_file_id } = await client.batches.retrieve(id);

      expect((await linesOf(client, output_file_id)).map(({ custom_id }) => custom_id)).toEqual(['a']);
    },
  );
});
