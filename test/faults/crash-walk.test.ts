import { describe, expect, test } from 'vitest';
import { CrashPoint } from './crash.ts';
import { openTrial, violations, type JobEnd, type Trial } from './trial.ts';
import { tableOf } from '../support/exhaustive.ts';

const IDS = ['a', 'b', 'bad', 'late', 'e', 'f'];

const INPUT = [
  { custom_id: 'a', prompt: 'echo:1' },
  { custom_id: 'b', prompt: 'echo:2' },
  { custom_id: 'bad' },
  { custom_id: 'late', prompt: 'echo:3' },
  { custom_id: 'e', prompt: 'echo:4' },
  { custom_id: 'f', prompt: 'echo:5' },
]
  .map((row) => `${JSON.stringify(row)}\n`)
  .join('');

/** Two shards; an invalid row, one that fails for good, and one that needs a second round. */
function openJob(): Promise<Trial> {
  return openTrial({
    input: INPUT,
    profile: { shardLimits: { maxRows: 3 } },
    faults: [
      { at: 'row', ids: ['late'], action: { kind: 'error', code: 'INFERENCE_3107' }, times: 1 },
      { at: 'row', ids: ['f'], action: { kind: 'error', code: 'INFERENCE_3207' }, times: 'always' },
    ],
  });
}

async function undisturbed(): Promise<{ readonly end: JobEnd; readonly effects: readonly string[] }> {
  await using trial = await openJob();
  const counter = new CrashPoint(Infinity, 'die');
  await trial.run({ wrap: counter.edges, wrapCalls: counter.calls });
  expect(await violations(trial, IDS)).toEqual([]);
  return { end: await trial.end(), effects: counter.names };
}

const { end: expected, effects } = await undisturbed();

test('the job that is disturbed below does everything a job can do', () => {
  expect(expected.summary).toMatchObject({
    status: 'partial',
    counts: { ok: 4, failed: 1, invalid: 1 },
    shards: 2,
    rounds: 2,
  });
  expect(effects.length).toBeGreaterThanOrEqual(60);
});

describe.each([
  ['the process dies', 'die'],
  ['the Lambda fails', 'fail'],
] as const)('when %s', (_, kind) => {
  tableOf(
    effects.map((name, n) => [n + 1, name] as const),
    4,
  ).test(
    'after effect %i (%s), the job ends with the same files, one batch and one file per shard and round',
    async (at) => {
      await using trial = await openJob();
      const crash = new CrashPoint(at, kind);

      await trial.run({ wrap: crash.edges, wrapCalls: crash.calls, died: crash.died });
      expect(crash.effects).toBeGreaterThanOrEqual(at);
      // A start that failed is asked for again, as EventBridge does it; one that went well is not.
      if (kind === 'die' || (await trial.end()).summary === undefined) await trial.run();

      expect(await violations(trial, IDS)).toEqual([]);
      const { summary, ...files } = await trial.end();
      expect(files).toEqual({ results: expected.results, deadLetters: expected.deadLetters });
      expect(summary).toMatchObject({ status: 'partial', counts: expected.summary?.counts });
      const uploads = trial.simulator
        .requests()
        .filter(({ method, path }) => `${method} ${path}` === 'POST /v1/files');
      expect(uploads).toHaveLength(3);
    },
  );
});
