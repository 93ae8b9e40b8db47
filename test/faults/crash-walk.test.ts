import { expect, test } from 'vitest';
import { crashAtEachEffect, runUndisturbed, type CrashWalk } from './crash-walk.ts';
import { openTrial, type Trial } from './trial.ts';

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

/** A job of two shards: one row is invalid, one fails permanently, and one needs a second round. */
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

const WALK: CrashWalk = { openJob, ids: IDS };
const undisturbed = await runUndisturbed(WALK);
const { end: expected, effects } = undisturbed;

test('the job without a crash does everything that a job can do', () => {
  expect(expected.summary).toMatchObject({
    status: 'partial',
    counts: { ok: 4, failed: 1, invalid: 1 },
    shards: 2,
    rounds: 2,
  });
  expect(effects.length).toBeGreaterThanOrEqual(60);
});

function expectOneBatchEach(trial: Trial): void {
  const uploads = trial.simulator
    .requests()
    .filter(({ method, path }) => `${method} ${path}` === 'POST /v1/files');
  expect(uploads).toHaveLength(3);
}

crashAtEachEffect(WALK, undisturbed, {
  name: 'after effect %i (%s), the job ends with the same files, one batch and one file per shard and round',
  quick: 4,
  compare: expectOneBatchEach,
});
