import { expect, test } from 'vitest';
import { readJobLedger } from '../../src/checkpoints/ledger.ts';
import { crashAtEachEffect, runUndisturbed, type CrashWalk } from './crash-walk.ts';
import { JOB_ID, openTrial, type Trial } from './trial.ts';

const IDS = ['a', 'b', 'bad', 'late', 'e', 'f'];

const INPUT = IDS.map((id) =>
  JSON.stringify(id === 'bad' ? { custom_id: id } : { custom_id: id, prompt: `echo:${id}` }),
)
  .map((row) => `${row}\n`)
  .join('');

/** A job with two shards and a budget: one row needs a second round, one succeeds at the next step of the ladder, and one fails there. */
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

const WALK: CrashWalk = { openJob, ids: IDS };
const undisturbed = await runUndisturbed(WALK);
const { end: expected } = undisturbed;

test('the job without a crash uses all steps of its ladder, and its budget', () => {
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

async function expectSameMoney(trial: Trial): Promise<void> {
  expect(await readJobLedger(trial.edges.store, JOB_ID)).toMatchObject({ spent: 4, open: {} });
}

crashAtEachEffect(WALK, undisturbed, {
  name: 'after effect %i (%s), the job ends with the same files, and its ledger with the same money',
  quick: 4,
  compare: expectSameMoney,
  // Shards that reserve money at the same time try again, so another run may not reach the last effects.
  steady: false,
});
