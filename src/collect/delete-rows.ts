import { buildPrefix, joinedPrefix, shardsPrefix } from '../checkpoints/keys.ts';
import type { Edges } from '../edges.ts';
import type { Plan } from '../checkpoints/plan.ts';
import type { Summary } from '../checkpoints/summary.ts';
import type { Pace } from '../pace.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** True if a job can never be resumed: nothing is left to do, or its plan forbids sending. */
export function needsNoResume({ status }: Pick<Summary, 'status'>, plan: Plan | undefined): boolean {
  return status === 'succeeded' || status === 'partial' || plan?.failure !== undefined;
}

/**
 * True if the rows of a job's shards are no longer needed. If an input could not be read to its end, no row was sent and there is
 * no plan: a resume builds the rows again.
 */
export function needsNoRows(summary: Pick<Summary, 'status' | 'failure'>, plan: Plan | undefined): boolean {
  return needsNoResume(summary, plan) || (plan === undefined && summary.failure?.name === 'InvalidInput');
}

/**
 * Files of rounds that were sent. Once all shards are done, no step reads them, except that the index of answers is made from
 * the requests.
 */
const OF_ROUNDS = /\/round-[1-9]\d*\.[^/]+\.jsonl$/;
const REQUESTS = /\.requests\.jsonl$/;

/**
 * On one machine, deletes the files of all rounds before the results are joined. Otherwise the disk would have each answer
 * three times. On AWS they stay until the end of the job, because each list of objects costs money.
 * @param isIndexed true if the answers are indexed for later jobs
 * @returns false if time ran short, and another call must delete the rest
 */
export async function deleteRounds(
  { store }: Pick<Edges, 'store'>,
  { jobId, isIndexed }: { readonly jobId: string; readonly isIndexed: boolean },
  pace: Pace,
): Promise<boolean> {
  if (store.file === undefined) return true;
  const keys = (await keysOf(store, shardsPrefix(jobId))).filter(
    (key) => OF_ROUNDS.test(key) && !(isIndexed && REQUESTS.test(key)),
  );
  return deleteAll(store, keys, pace);
}

/** Objects deleted between two checks of the time. */
const DELETED_AT_ONCE = 1_000;

/**
 * Deletes the rows of a job's shards: requests, provider files, results per shard, and the record that a shard was stopped.
 * Keeps all checkpoints. Objects that cannot be deleted stay until the bucket's lifecycle rule removes them; the job's end does
 * not change.
 * @param hasPlan false if the build has not finished: its saved state, which refers to these rows, is deleted as well
 * @returns false if time ran short, and another call must delete the rest
 */
export async function deleteRows(
  { store, log }: Pick<Edges, 'store' | 'log'>,
  { jobId, hasPlan }: { readonly jobId: string; readonly hasPlan: boolean },
  pace: Pace,
): Promise<boolean> {
  try {
    const ofBuild = hasPlan ? [] : await keysOf(store, buildPrefix(jobId));
    const keys = [...ofBuild, ...(await keysOf(store, shardsPrefix(jobId))).filter(hasRows)];
    if (!(await deleteAll(store, keys, pace))) return false;
    log('rows_deleted', { jobId, objects: keys.length });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    log('rows_not_deleted', { jobId, error: name, reason: message });
  }
  return true;
}

/** Deletes objects. Returns false if time ran short. */
async function deleteAll(store: ObjectStore, keys: readonly string[], pace: Pace): Promise<boolean> {
  for (let at = 0; at < keys.length; at += DELETED_AT_ONCE) {
    if (pace.mustStop) return false;
    await sideBySide(keys.slice(at, at + DELETED_AT_ONCE), (key) => store.delete(key));
    pace.did();
  }
  return true;
}

/** Deletes the parts of the joined results once the results are complete. */
export async function deleteJoined(store: ObjectStore, jobId: string): Promise<void> {
  for await (const { key } of store.list(joinedPrefix(jobId))) await store.delete(key);
}

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

const hasRows = (key: string): boolean => key.endsWith('.jsonl') || key.endsWith('/stopped.json');
