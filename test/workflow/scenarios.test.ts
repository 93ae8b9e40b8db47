import { describe, expect, test } from 'vitest';
import { openWorld, prompts, type Ended } from './world.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';

/** Checks that there is exactly one result line per input row, in input order, and that the counts sum to the rows. */
function expectEveryRowOnce({ results, summary, deadLetters }: Ended, ids: readonly string[]): void {
  expect(results.map((line) => line.custom_id)).toEqual(ids);
  const { ok, failed, exhausted, invalid } = summary.counts;
  expect(ok + failed + exhausted + invalid).toBe(summary.rows);
  expect(summary.rows).toBe(ids.length);
  expect(results.filter((line) => line.ok)).toHaveLength(ok);
  expect(deadLetters).toHaveLength(ids.length - ok);
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => `q${n}`);

describe('a job', () => {
  test('answers every row of a file', async () => {
    const world = await openWorld();

    const ended = await world.run(prompts(10, (n) => `echo:answer ${n}`));

    expectEveryRowOnce(ended, ids(10));
    expect(ended.summary).toMatchObject({
      status: 'succeeded',
      rounds: 1,
      shards: 1,
    });
    expect(ended.summary).not.toHaveProperty('deadLetters');
    expect(ended.results[3]).toMatchObject({ ok: true, text: 'answer 3', finish_reason: 'stop', round: 1 });
    expect(ended.summary.usage.inputTokens).toBeGreaterThan(0);
    expect(ended.error).toBeUndefined();
  });

  test('accepts the format of the guide, one object of prompts by id', async () => {
    const world = await openWorld();

    const ended = await world.run(JSON.stringify({ q0: 'echo:one', q1: 'echo:two' }), { name: 'guide.json' });

    expectEveryRowOnce(ended, ids(2));
    expect(ended.results.map((line) => line.ok && line.text)).toEqual(['one', 'two']);
  });

  test('splits a large file into shards and joins their results in input order', async () => {
    const world = await openWorld();

    const ended = await world.run(prompts(25), { shardLimits: { maxRows: 10 } });

    expectEveryRowOnce(ended, ids(25));
    expect(ended.summary).toMatchObject({ status: 'succeeded', shards: 3 });
    expect(world.simulator.batches()).toHaveLength(3);
  });

  test('sends only rows with temporary failures again', async () => {
    const flaky = ['q2', 'q5'];
    const world = await openWorld({
      faults: [{ at: 'row', ids: flaky, action: { kind: 'error', code: 'INFERENCE_3107' }, times: 1 }],
    });

    const ended = await world.run(prompts(10));

    expectEveryRowOnce(ended, ids(10));
    expect(ended.summary).toMatchObject({ status: 'succeeded', rounds: 2 });
    expect(ended.results.filter((line) => line.round === 2).map((line) => line.custom_id)).toEqual(flaky);
    expect(ended.summary.batches.map(({ requests }) => requests)).toEqual([10, 2]);
  });

  test('gives up on rows that still fail in their last round', async () => {
    const world = await openWorld({
      faults: [
        { at: 'row', ids: ['q1'], action: { kind: 'error', code: 'INFERENCE_3103' }, times: 'always' },
      ],
    });

    const ended = await world.run(prompts(3));

    expectEveryRowOnce(ended, ids(3));
    expect(ended.summary).toMatchObject({ status: 'partial', rounds: 4, counts: { ok: 2, exhausted: 1 } });
    expect(ended.results[1]).toMatchObject({
      ok: false,
      outcome: 'exhausted',
      retry: true,
      round: 4,
      error: { code: 'INFERENCE_3103' },
    });
    expect(ended.error).toBeUndefined();
  });

  test('does not send a row again after a permanent error', async () => {
    const world = await openWorld({
      faults: [
        { at: 'row', ids: ['q0'], action: { kind: 'error', code: 'INFERENCE_3207' }, times: 'always' },
      ],
    });

    const ended = await world.run(prompts(3));

    expectEveryRowOnce(ended, ids(3));
    expect(ended.summary).toMatchObject({ status: 'partial', rounds: 1, counts: { ok: 2, failed: 1 } });
    expect(ended.results[0]).toMatchObject({
      outcome: 'failed',
      retry: false,
      error: { code: 'INFERENCE_3207' },
    });
  });

  test('keeps the finished rows of an expired batch and sends the rest again', async () => {
    const world = await openWorld({
      faults: [{ at: 'batch', nth: 1, action: { kind: 'end', as: 'expired', finished: 0.5 } }],
    });

    const ended = await world.run(prompts(10));

    expectEveryRowOnce(ended, ids(10));
    expect(ended.summary).toMatchObject({ status: 'succeeded', rounds: 2 });
    expect(ended.summary.batches.map(({ requests, status }) => [requests, status])).toEqual([
      [10, 'expired'],
      [5, 'succeeded'],
    ]);
  });

  test('fails the row that a failed validation names, and sends the others again', async () => {
    const world = await openWorld({
      faults: [{ at: 'batch', nth: 1, action: { kind: 'invalid', lines: [4], code: 'invalid_request' } }],
    });

    const ended = await world.run(prompts(10));

    expectEveryRowOnce(ended, ids(10));
    expect(ended.summary).toMatchObject({ status: 'partial', counts: { ok: 9, failed: 1 } });
    expect(ended.results[3]).toMatchObject({
      custom_id: 'q3',
      outcome: 'failed',
      error: { code: 'invalid_request' },
    });
  });

  test('keeps the finished rows of a batch that was cancelled at the provider and sends the rest again', async () => {
    const world = await openWorld({
      faults: [{ at: 'batch', nth: 1, action: { kind: 'end', as: 'cancelled', finished: 0.3 } }],
    });

    const ended = await world.run(prompts(10));

    expectEveryRowOnce(ended, ids(10));
    expect(ended.summary).toMatchObject({ status: 'succeeded', rounds: 2 });
  });

  test('sends no row again when a batch succeeded without an output file, and reports the batch', async () => {
    const world = await openWorld({ faults: [{ at: 'batch', nth: 1, action: { kind: 'no-output' } }] });

    const ended = await world.run(prompts(4));

    expectEveryRowOnce(ended, ids(4));
    expect(ended.summary).toMatchObject({ status: 'failed', failure: { code: 'OUTPUT_INCOMPLETE' } });
    expect(ended.summary.open).toHaveLength(1);
    expect([...world.simulator.answersPerRow().values()]).toEqual([1, 1, 1, 1]);
  });

  test('embeds texts, one vector per row or one per input', async () => {
    const world = await openWorld();
    const rows = [
      { custom_id: 'one', input: 'a text', model: 'bge-m3' },
      { custom_id: 'many', input: ['a', 'b', 'c'], model: 'bge-m3' },
    ];

    const ended = await world.run(rows.map((row) => `${JSON.stringify(row)}\n`).join(''), {
      endpoint: '/v1/embeddings',
    });

    expectEveryRowOnce(ended, ['one', 'many']);
    const [one, many] = ended.results;
    expect(one).toMatchObject({ ok: true, embedding: expect.arrayContaining([expect.any(Number)]) });
    expect(many?.ok === true && many.embeddings).toHaveLength(3);
  });

  test('processes 20,000 rows', EXHAUSTIVE, async () => {
    const world = await openWorld();

    const ended = await world.run(prompts(20_000), { shardLimits: { maxRows: 8_000 } });

    expectEveryRowOnce(ended, ids(20_000));
    expect(ended.summary).toMatchObject({ status: 'succeeded', shards: 3, counts: { ok: 20_000 } });
  });

  test('handles a provider with the statuses, counters and error file of OpenAI', async () => {
    const world = await openWorld({
      dialect: 'openai',
      faults: [
        { at: 'row', ids: ['q1'], action: { kind: 'error', code: 'server_error', status: 500 }, times: 1 },
      ],
    });

    const ended = await world.run(prompts(5), { provider: 'openai-simulator' });

    expectEveryRowOnce(ended, ids(5));
    expect(ended.summary).toMatchObject({ status: 'succeeded', rounds: 2 });
    expect(ended.summary.batches.map(({ status }) => status)).toEqual(['completed', 'completed']);
  });
});

describe('text', () => {
  test('survives the round trip byte for byte', async () => {
    const texts = [
      'line\u2028separator and\u2029paragraph',
      'Grüße, 世界, 🌍, é vs e\u0301',
      'tab\t, quote ", backslash \\, newline\n, carriage return\r\n, nul \u0000',
      ' leading and trailing \u00a0',
      '\u0085 next line, \u001c file separator, \ufeff BOM inside',
    ];
    const lines = texts.map((text, n) => JSON.stringify({ custom_id: `q${n}`, prompt: `echo:${text}` }));
    const input = `\ufeff${lines[0]}\r\n\r\n${lines.slice(1).join('\n\n')}`;
    const world = await openWorld();

    const ended = await world.run(input);

    expectEveryRowOnce(ended, ids(texts.length));
    expect(ended.results.map((line) => line.ok && line.text)).toEqual(texts);
  });
});

describe('an input with invalid rows', () => {
  const mixed = [
    JSON.stringify({ custom_id: 'q0', prompt: 'fine' }),
    '{"custom_id":"q1","prompt":',
    JSON.stringify({ custom_id: 'q0', prompt: 'again' }),
    JSON.stringify({ custom_id: 'q3', prompt: 'fine too' }),
  ].join('\n');

  test('sends the valid rows and reports the others at their positions', async () => {
    const world = await openWorld();

    const ended = await world.run(mixed);

    expect(ended.results.map((line) => (line.ok ? 'ok' : line.error.code))).toEqual([
      'ok',
      'INVALID_JSON',
      'DUPLICATE_CUSTOM_ID',
      'ok',
    ]);
    expect(ended.results[1]).toMatchObject({ outcome: 'invalid', round: 0, error: { line: 2 } });
    expect(ended.summary).toMatchObject({ status: 'partial', rows: 4, counts: { ok: 2, invalid: 2 } });
    expect(ended.summary.batches.map(({ requests }) => requests)).toEqual([2]);
  });

  test('is refused as a whole if the job is strict, before anything is uploaded', async () => {
    const world = await openWorld();

    const ended = await world.run(mixed, { strict: true });

    expect(ended.summary).toMatchObject({ status: 'failed', failure: { name: 'InvalidInput' } });
    expect(ended.summary.failure?.message).toContain('line 2');
    expect(ended.error).toBeDefined();
    expect(world.simulator.requests()).toEqual([]);
  });

  test.each([
    ['rows.jsonl', '', /no rows|empty/],
    ['rows.jsonl', '\n\n', /no rows|empty/],
    ['rows.jsonl', 'not json\n', /no valid row/],
    ['rows.xlsx', 'whatever', /\.xlsx/],
  ])('ends with a clear error if %s contains %j', async (name, input, message) => {
    const world = await openWorld();

    const ended = await world.run(input, { name });

    expect(ended.summary).toMatchObject({ status: 'failed', failure: { name: 'InvalidInput' } });
    expect(ended.summary.failure?.message).toMatch(message);
    expect(world.simulator.requests()).toEqual([]);
  });
});

describe('a job that was stopped', () => {
  test('keeps its results, shows how to continue, and continues if it is started again', async () => {
    const world = await openWorld({
      faults: [{ at: 'row', ids: ['q4'], action: { kind: 'error', code: 'BILLING_2003' }, times: 1 }],
    });

    const stopped = await world.run(prompts(6));
    const resumed = await world.run(prompts(6));

    expectEveryRowOnce(stopped, ids(6));
    expect(stopped.summary).toMatchObject({ status: 'failed', counts: { ok: 5, exhausted: 1 } });
    expect(stopped.summary.failure?.code).toBe('BILLING_2003');
    expect(stopped.summary.advice).toContain('nightshift resume <job>');
    expectEveryRowOnce(resumed, ids(6));
    expect(resumed.summary).toMatchObject({ status: 'succeeded', counts: { ok: 6 } });
    expect([...world.simulator.createsPerKey().values()]).toEqual([1, 1]);
  });

  test('stops all its shards if the key is rejected, and creates no batch', async () => {
    const world = await openWorld({
      faults: [
        { at: 'create', action: { kind: 'status', status: 402, code: 'BILLING_2001' }, times: 'always' },
      ],
    });

    const ended = await world.run(prompts(6), { shardLimits: { maxRows: 2 } });

    expectEveryRowOnce(ended, ids(6));
    expect(ended.summary).toMatchObject({
      status: 'failed',
      counts: { exhausted: 6 },
      failure: { name: 'ProviderDenied', code: 'BILLING_2001' },
    });
    expect(world.simulator.batches()).toEqual([]);
  });
});

test('the dead letters of a job are a valid input of the next', async () => {
  const world = await openWorld({
    faults: [{ at: 'row', ids: ['q1'], action: { kind: 'error', code: 'INFERENCE_3103' }, times: 1 }],
  });
  const first = await world.run(
    prompts(3, (n) => `echo:${n}`),
    { rounds: 1 },
  );

  const second = await world.run(first.deadLettersText, { name: 'dead-letters.jsonl' });

  expectEveryRowOnce(second, ['q1']);
  expect(second.results[0]).toMatchObject({ ok: true, text: '1' });
});

test('a batch that runs past its deadline is cancelled and its finished rows are kept', async () => {
  const world = await openWorld({
    faults: [{ at: 'batch', nth: 1, action: { kind: 'stuck', status: 'in_progress', finished: 0.5 } }],
  });

  const ended = await world.run(prompts(4), { completionWindow: '24h' });

  expectEveryRowOnce(ended, ids(4));
  expect(ended.summary).toMatchObject({ status: 'succeeded', rounds: 2 });
  expect(world.events.some(({ type, state }) => type === 'StateExited' && state === 'Cancel batch')).toBe(
    true,
  );
});

test('a job that is started twice at the same moment is paid once', async () => {
  const world = await openWorld();
  const [first, second] = await Promise.all([world.run(prompts(5)), world.run(prompts(5))]);

  expect(first?.summary.status).toBe('succeeded');
  expect(second?.summary.status).toBe('succeeded');
  expect([...world.simulator.createsPerKey().values()]).toEqual([1]);
});

test('a result has the file and line of its row if a job has several inputs', async () => {
  const world = await openWorld();
  await world.store.put('input/more.csv', 'id,prompt\nc1,echo:from a table\nc2,\n');

  const ended = await world.run(prompts(2), { more: ['input/more.csv'] });

  expectEveryRowOnce(ended, ['q0', 'q1', 'c1', 'c2']);
  expect(ended.results.map(({ source }) => source)).toEqual([
    { file: 'input/rows.jsonl', line: 1 },
    { file: 'input/rows.jsonl', line: 2 },
    { file: 'input/more.csv', line: 2 },
    { file: 'input/more.csv', line: 3 },
  ]);
  expect(ended.results[2]).toMatchObject({ ok: true, text: 'from a table' });
  expect(ended.results[3]).toMatchObject({ ok: false, error: { code: 'NO_PROMPT' } });
});
