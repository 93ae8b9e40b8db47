import { expect, test } from 'vitest';
import { crashAtEachEffect, runUndisturbed, type CrashWalk } from './crash-walk.ts';
import { slowly } from './file-faults.ts';
import { openTrial, type Trial } from './trial.ts';

const IDS = ['a', 'b', 'late', 'f'];

const INPUT = IDS.map((id) => `${JSON.stringify({ custom_id: id, prompt: `echo:${id}` })}\n`).join('');

/** A job of two rounds. Each call of a step has time for one part of their files. */
function openJob(): Promise<Trial> {
  return openTrial({
    input: INPUT,
    faults: [
      { at: 'row', ids: ['late'], action: { kind: 'error', code: 'INFERENCE_3107' }, times: 1 },
      { at: 'row', ids: ['f'], action: { kind: 'error', code: 'INFERENCE_3207' }, times: 'always' },
      { at: 'content', action: { kind: 'breaks', afterBytes: 300 }, times: 3 },
    ],
  });
}

const WALK: CrashWalk = { openJob, ids: IDS, wrap: slowly };
const undisturbed = await runUndisturbed(WALK);
const { end: expected, effects } = undisturbed;

test('the job without a crash downloads a file in parts and joins them', () => {
  expect(expected.summary).toMatchObject({ status: 'partial', counts: { ok: 3, failed: 1 }, rounds: 2 });
  expect(effects.filter(([, name]) => name.endsWith('round-1.output-part-2.jsonl'))).not.toEqual([]);
  expect(effects.filter(([, name]) => /^join .*round-1\.output\.jsonl$/.test(name))).toHaveLength(1);
});

const COLLECTING = effects.filter(([, name]) =>
  /late\.json|(?:writing|merging)\.json|output|errors|download|results|collected/.test(name),
);

function expectOneBatchPerRound(trial: Trial): void {
  expect([...trial.simulator.createsPerKey().values()]).toEqual([1, 1]);
}

crashAtEachEffect(WALK, undisturbed, {
  name: 'after effect %i (%s), the job ends with the same files, one batch and one file per round',
  effects: COLLECTING,
  quick: 2,
  compare: expectOneBatchPerRound,
});
