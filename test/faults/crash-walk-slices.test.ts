import { expect, test } from 'vitest';
import { CONFIG } from '../support/config.ts';
import { crashAtEachEffect, runUndisturbed, type CrashWalk } from './crash-walk.ts';
import { slowly } from './file-faults.ts';
import { openTrial, type Trial } from './trial.ts';

const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];

/** 300 KB, which are built in slices of 64 KiB. The last row has the same request as the first one. */
const INPUT = IDS.map((id) => {
  const user = 'x'.repeat(33_000);
  return `${JSON.stringify({ custom_id: id, prompt: `echo:${id === 'i' ? 'a' : id}`, user })}\n`;
}).join('');

const openJob = (): Promise<Trial> =>
  openTrial({
    input: INPUT,
    profile: { shardLimits: { maxRows: 3 } },
    config: { ...CONFIG, limits: { ...CONFIG.limits, sliceBytes: 65_536 } },
  });

/** Each call of a step has time for one slice of the notes, or for one batch of rows. */
const WALK: CrashWalk = { openJob, ids: IDS, wrap: slowly };
const undisturbed = await runUndisturbed(WALK);
const { end: expected, effects } = undisturbed;

test('the job without a crash is built in slices, whose steps continue in further calls', () => {
  expect(expected.summary).toMatchObject({ status: 'succeeded', counts: { ok: 9 } });
  const files = ['notes.jsonl', 'noted.json', 'verdicts.jsonl', 'state.json', 'built.json', 'cut.json'];
  expect(files.filter((file) => !effects.some(([, name]) => name.endsWith(file)))).toEqual([]);
});

const plan = effects.findIndex(([, name]) => name.endsWith('plan.json'));

function expectOneBatchPerShard(trial: Trial): void {
  expect([...trial.simulator.createsPerKey().values()]).toEqual([1, 1, 1]);
}

crashAtEachEffect(WALK, undisturbed, {
  name: 'after effect %i (%s), the job that is built in slices ends with the same files, and one batch per shard',
  effects: effects.slice(0, plan + 2),
  quick: 5,
  steady: false,
  compare: expectOneBatchPerShard,
});
