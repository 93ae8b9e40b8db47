import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonTexts, numberTexts } from '../support/json-text.ts';
import { resultsKey, roundKey } from '../../src/checkpoints/keys.ts';
import { openWorld, type Ended, type RunOptions, type World, type WorldOptions } from './world.ts';
import { tableOf } from '../support/exhaustive.ts';

/** Values with numbers that a double would change. */

const VALUES = fc.sample(
  fc.oneof(
    numberTexts,
    jsonTexts.map((value) => `[${value}]`),
  ),
  { numRuns: 15, seed: 13 },
);

/** The texts of the answers as they stand in the result lines, by id. */
async function answersOf({ store }: World, { jobId }: Ended): Promise<ReadonlyMap<string, unknown>> {
  const text = (await store.get(resultsKey(jobId)))?.toString('utf8') ?? '';
  return new Map(
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { custom_id: string; text?: unknown })
      .map((line) => [line.custom_id, line.text]),
  );
}

interface RecordedWorld extends World {
  /** The request lines of the job's first shard at the time of their upload. A job that succeeds deletes them. */
  readonly requestsOf: (ended: Ended) => string;
}

async function openRecorded(options: WorldOptions = {}): Promise<RecordedWorld> {
  const recorded = new Map<string, string>();
  const world: World = await openWorld({
    ...options,
    wrap: (call) => async (step, input) => {
      const output = await call(step, input);
      const { jobId } = input as { readonly jobId: string };
      if (step === 'upload-file') recorded.set(jobId, await firstRequests(world, jobId));
      return output;
    },
  });
  return { ...world, requestsOf: ({ jobId }) => recorded.get(jobId) ?? 'not uploaded' };
}

const firstRequests = async ({ store }: World, jobId: string): Promise<string> =>
  (await store.get(roundKey({ jobId, shard: 0 }, 1, 'requests.jsonl')))?.toString('utf8') ?? '';

const ROUTES: readonly (readonly [string, RunOptions])[] = [
  ['in a batch', {}],
  ['row by row', { small: 'direct' }],
  ...['openai', 'mistral', 'together', 'anthropic', 'ogx'].map(
    (dialect) => [`in a batch of ${dialect}`, { provider: `${dialect}-simulator`, model: 'm' }] as const,
  ),
  ['row by row to Anthropic', { provider: 'anthropic-simulator', model: 'm', small: 'direct' }],
];

const JOBS = tableOf(ROUTES, ([, { provider }]) => provider === undefined);

JOBS.describe('a job that goes %s', (_name, options) => {
  const dialect = /^(.*)-simulator$/.exec(options.provider ?? '')?.[1];
  const open = (): Promise<RecordedWorld> =>
    openRecorded(dialect === undefined ? {} : { dialect: dialect as 'openai' });

  test('inserts numbers into its template with their digits, and the answer has them', async () => {
    const world = await open();
    const rows = VALUES.map((value, n) => `{"custom_id":"q${n}","v":${value}}`);

    const ended = await world.run(rows.join('\n'), { ...options, prompt: 'echo:{{v}}' });

    expect(ended.summary.counts.ok).toBe(VALUES.length);
    expect(await answersOf(world, ended)).toEqual(new Map(VALUES.map((value, n) => [`q${n}`, value])));
  });

  test('has the numbers of the rows in its dead letters, from which they are sent again', async () => {
    const world = await open();
    const body = (value: string): string =>
      `{"model":"m","messages":[{"role":"user","content":"[fail:NOT_TODAY]"}],"own":{"v":${value}}}`;
    const rows = VALUES.map((value, n) => `{"custom_id":"q${n}","body":${body(value)}}`);

    const ended = await world.run(rows.join('\n'), options);
    const again = await world.run(ended.deadLettersText, { ...options, name: 'again.jsonl' });

    expect(ended.deadLetters).toHaveLength(VALUES.length);
    for (const [n, value] of VALUES.entries())
      expect(ended.deadLettersText).toContain(`{"custom_id":"q${n}","body":${body(value)},"outcome":`);
    expect(ended.summary.rows).toBe(VALUES.length);
    expect(world.requestsOf(again)).toBe(world.requestsOf(ended));
  });
});

test('a parameter of the job and one of the row are sent as they were written, on the slow and the fast path', async () => {
  const world = await openRecorded();
  const rows = VALUES.map(
    (value, n) => `{"custom_id":"q${n}","prompt":"hi","seed":9223372036854775807,"metadata":${value}}`,
  );
  const alike = Array.from(
    { length: 20 },
    (_, n) => `{"custom_id":"a${n}","prompt":"hi ${n}","seed":1.50,"top_p":1E-1}`,
  );

  const ended = await world.run([...rows, ...alike].join('\n'));

  const requests = world.requestsOf(ended);
  for (const value of VALUES)
    expect(requests).toContain(`"seed":9223372036854775807,"metadata":${value},"model"`);
  expect(requests.match(/"seed":1\.50,"top_p":1E-1/g)).toHaveLength(20);
});

test('a row with a lone surrogate fails alone', async () => {
  const world = await openWorld();
  const good = Array.from(
    { length: 30 },
    (_, n) => `{"custom_id":"g${n}","prompt":"echo:Great deal \\ud83d\\ude80 ${n}"}`,
  );
  const input = [
    ...good.slice(0, 20),
    '{"custom_id":"cut","prompt":"Great deal \\ud83d... buy"}',
    '{"custom_id":"half\\ude80","prompt":"fine"}',
    ...good.slice(20),
  ].join('\n');

  const { results, deadLettersText, summary } = await world.run(input);

  expect(summary.counts).toMatchObject({ ok: 30, invalid: 2 });
  expect(results[20]).toMatchObject({
    custom_id: 'cut',
    outcome: 'invalid',
    error: { code: 'INVALID_TEXT' },
  });
  expect(results[21]).toMatchObject({ custom_id: 'row-00000022', error: { code: 'INVALID_TEXT' } });
  expect(deadLettersText).toContain('"prompt":"Great deal \\ud83d... buy"');
});
