import { describe, expect, test } from 'vitest';
import { readJobLedger } from '../../src/checkpoints/ledger.ts';
import { tableOf } from '../support/exhaustive.ts';
import { CrashPoint } from './crash.ts';
import { JOB_ID, openTrial, violations, type JobEnd, type Trial } from './trial.ts';

const IDS = ['a', 'b', 'bad', 'late', 'e', 'f'];

const INPUT = IDS.map((id) =>
  JSON.stringify(id === 'bad' ? { custom_id: id } : { custom_id: id, prompt: `echo:${id}` }),
)
  .map((row) => `${row}\n`)
  .join('');

/** Two shards under a budget: a row that needs a second round, one that goes up a step, and one that goes up in vain. */
function openJob(): Promise<Trial> {
  return openTrial({
    input: INPUT,
    profile: {
      shardLimits: { maxRows: 3 },
      then: [{ model: 'big-model' }],
      price: { inputPerMillion: 0, outputPerMillion: 1_000_000, currency: 'EUR' },
      body: { max_tokens: 1 },
      budget: { max: 100, maxPerMonth: 1_000 },
      maxBad: 0.9,
    },
    faults: [
      { at: 'row', ids: ['late'], action: { kind: 'error', code: 'INFERENCE_3107' }, times: 1 },
      { at: 'row', ids: ['e'], action: { kind: 'error', code: 'INFERENCE_3207' }, times: 1 },
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

test('the job that is disturbed below goes up its ladder, and pays from its budget', () => {
  expect(expected.summary).toMatchObject({
    status: 'partial',
    counts: { ok: 4, failed: 1, invalid: 1 },
    steps: [
      { step: 1, ok: 3 },
      { step: 2, rows: 2, ok: 1 },
    ],
    cost: { amount: 4 },
  });
});

describe.each([
  ['the process dies', 'die'],
  ['the Lambda fails', 'fail'],
] as const)('when %s', (_, kind) => {
  tableOf(
    effects.map((name, n) => [n + 1, name] as const),
    4,
  ).test(
    'after effect %i (%s), the job ends with the same files, and its ledger with the same money',
    async (at) => {
      await using trial = await openJob();
      const crash = new CrashPoint(at, kind);

      await trial.run({ wrap: crash.edges, wrapCalls: crash.calls, died: crash.died });
      if (kind === 'die' || (await trial.end()).summary === undefined) await trial.run();

      expect(await violations(trial, IDS)).toEqual([]);
      const { summary, ...files } = await trial.end();
      expect(files).toEqual({ results: expected.results, deadLetters: expected.deadLetters });
      expect(summary).toMatchObject({ status: 'partial', counts: expected.summary?.counts });
      expect(await readJobLedger(trial.edges.store, JOB_ID)).toMatchObject({ spent: 4, open: {} });
    },
  );
});
