import { expect, test } from 'vitest';
import { answerIndexKey } from '../../src/checkpoints/keys.ts';
import { crashAtEachEffect, runUndisturbed, type CrashWalk, type WalkEnd } from './crash-walk.ts';
import { slowly } from './file-faults.ts';
import { JOB_ID, openTrial, type JobEnd, type Trial } from './trial.ts';

const IDS = ['a', 'b', 'twin', 'f', 'c', 'again'];

const promptOf = (id: string): string => (id === 'twin' || id === 'again' ? 'a' : id);

const INPUT = IDS.map((id) => `${JSON.stringify({ custom_id: id, prompt: `echo:${promptOf(id)}` })}\n`).join(
  '',
);

/** A job with three shards. Two of them have rows that repeat earlier rows, and later jobs may reuse its answers. */
function openJob(): Promise<Trial> {
  return openTrial({
    input: INPUT,
    profile: { reuse: 'always', shardLimits: { maxRows: 2 } },
    faults: [{ at: 'row', ids: ['f'], action: { kind: 'error', code: 'INFERENCE_3207' }, times: 'always' }],
  });
}

async function endOf(trial: Trial): Promise<WalkEnd> {
  const index = await trial.edges.store.get(answerIndexKey(JOB_ID));
  return { ...(await trial.end()), index: index?.toString('hex') };
}

/** Each call of a step has time for one piece of its work. */
const WALK: CrashWalk = { openJob, ids: IDS, wrap: slowly, endOf };
const undisturbed = await runUndisturbed(WALK);
const { end: expected, effects } = undisturbed;

test('the job without a crash keeps what each call of its end has come to', () => {
  expect(expected.summary).toMatchObject({ counts: { ok: 5, failed: 1 }, deduplicated: { rows: 2, ok: 2 } });
  expect(expected.index).toBeDefined();
  const kept = /joined\/\d+\/(?:ending\.json|blocks-\d+\.jsonl|answers-\d+\.index)/;
  const names = new Set(effects.flatMap(([, name]) => kept.exec(name)?.[0].replace(/\d{2,}/, '') ?? []));
  expect([...names].toSorted()).toEqual(
    expect.arrayContaining(['joined//answers-2.index', 'joined//blocks-1.jsonl', 'joined//ending.json']),
  );
});

function expectSameDuplicates(_: Trial, summary: JobEnd['summary']): void {
  expect(summary?.deduplicated).toEqual(expected.summary?.deduplicated);
}

crashAtEachEffect(WALK, undisturbed, {
  name: 'after effect %i (%s), the job ends with the same files and the same index of answers',
  effects: effects.filter(([, name]) => /joined\/|filled|output\/|reuse\//.test(name)),
  quick: 3,
  steady: false,
  compare: expectSameDuplicates,
});
