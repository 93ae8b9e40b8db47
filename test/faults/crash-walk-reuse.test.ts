import { expect, test } from 'vitest';
import type { Job } from '../../src/checkpoints/job.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';
import { MERGE_AT, mergeIndexes } from '../../src/reuse/merge-indexes.ts';
import { reusableKey } from '../../src/reuse/reusable-jobs.ts';
import { hashOfScope, scopeOf } from '../../src/reuse/scope.ts';
import { buildShards } from '../../src/rows/build-shards.ts';
import { endJob } from '../reuse/earlier-job.ts';
import { CONFIG } from '../support/config.ts';
import { crashAtEachEffect, runUndisturbed, type CrashWalk } from './crash-walk.ts';
import { openTrial, resultLines, type JobEnd, type Trial } from './trial.ts';

const IDS = ['a', 'b', 'bad', 'c', 'd', 'e'];
const KNOWN = ['a', 'c', 'e'];

const rowsOf = (ids: readonly string[]): string =>
  ids
    .map((id) => JSON.stringify(id === 'bad' ? { custom_id: id } : { custom_id: id, prompt: `echo:${id}` }))
    .map((row) => `${row}\n`)
    .join('');

const profile = { reuse: 'always', shardLimits: { maxRows: 2 } } as const;

function jobOf(jobId: string, input: string): Job {
  const resolved = resolveProfile(CONFIG, 'default', profile);
  return { jobId, inputs: [{ key: input }], profile: resolved, createdAt: '2020-01-01T00:00:00.000Z' };
}

async function leaveMarkers({ edges: { store } }: Trial, name: string): Promise<void> {
  const scope = scopeOf(jobOf('any', 'input/earlier.jsonl')) ?? '';
  for (let n = 0; n < MERGE_AT; n += 1)
    await store.put(reusableKey(scope, { jobId: `${name}-${n}`, at: '2019-01-01T00:00:00.000Z' }), '');
  if (name === 'merged') await mergeIndexes(store, hashOfScope(scope));
}

/** A job of six rows: three have answers in an earlier job, one is invalid, and two are sent. */
async function openJob(): Promise<Trial> {
  const trial = await openTrial({ input: rowsOf(IDS), profile });
  await trial.edges.store.put('input/earlier.jsonl', rowsOf(KNOWN));
  await endJob(trial.edges.store, jobOf('earlier', 'input/earlier.jsonl'));
  // The indexes of some jobs are merged, and there are enough others for a second merge at the job's end.
  for (const name of ['merged', 'unmerged']) await leaveMarkers(trial, name);
  return trial;
}

const WALK: CrashWalk = { openJob, ids: IDS };
const undisturbed = await runUndisturbed(WALK);
const { end: expected, effects } = undisturbed;

test('the job without a crash reuses three answers of an earlier job, writes its own index, and merges those of many jobs', () => {
  expect(resultLines(expected).map((line) => line.ok && line.reused?.jobId)).toEqual([
    'earlier',
    undefined,
    false,
    'earlier',
    undefined,
    'earlier',
  ]);
  expect(expected.summary).toMatchObject({ sent: 2, reused: { rows: 3 }, counts: { ok: 5, invalid: 1 } });
  expect(effects.filter(([, name]) => /answers\.index|reuse\//.test(name))).toHaveLength(4);
});

async function expectAnswersForNextJob(trial: Trial, summary: JobEnd['summary']): Promise<void> {
  expect(summary).toMatchObject({ sent: 2, reused: { rows: 3 } });
  const next = await buildShards(trial.edges.store, jobOf('next', 'input/rows.jsonl'));
  expect(next.reused?.rows).toBe(5);
}

crashAtEachEffect(WALK, undisturbed, {
  name: 'after effect %i (%s), the job ends with the same files, and the next job has all of its answers',
  quick: 4,
  compare: expectAnswersForNextJob,
});
