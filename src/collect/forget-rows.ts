import { joinedPrefix, shardsPrefix } from '../checkpoints/keys.ts';
import type { Edges } from '../edges.ts';
import type { Plan } from '../checkpoints/plan.ts';
import type { Summary } from '../checkpoints/summary.ts';
import type { Pace } from '../pace.ts';
import { sideBySide } from '../side-by-side.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** Whether a job has ended for all time: nothing is left to resume, or its plan says that nothing is sent. */
export function needsNoResume({ status }: Pick<Summary, 'status'>, plan: Plan | undefined): boolean {
  return status === 'succeeded' || status === 'partial' || plan?.failure !== undefined;
}

/**
 * Whether the rows of a job's shards are needed no more. Those of an input that could not be read to its end were never sent:
 * there is no plan before all are built, and a resume builds them anew.
 */
export function needsNoRows(summary: Pick<Summary, 'status' | 'failure'>, plan: Plan | undefined): boolean {
  return needsNoResume(summary, plan) || (plan === undefined && summary.failure?.name === 'InvalidInput');
}

/** Objects between two looks at the time. */
const DELETED_AT_ONCE = 1_000;

/**
 * Deletes the rows of a job's shards: requests, the provider's files, results by shard; and the word that a shard was stopped.
 * No checkpoint is deleted. What cannot be deleted stays until the bucket forgets it: the job's end is what it is.
 * @returns false when time ran short, and another call has to delete the rest
 */
export async function forgetRows(
  { store, log }: Pick<Edges, 'store' | 'log'>,
  jobId: string,
  pace: Pace,
): Promise<boolean> {
  try {
    const keys = await rowKeys(store, jobId);
    for (let at = 0; at < keys.length; at += DELETED_AT_ONCE) {
      if (pace.mustStop) return false;
      await sideBySide(keys.slice(at, at + DELETED_AT_ONCE), (key) => store.delete(key));
      pace.did();
    }
    log('rows_deleted', { jobId, objects: keys.length });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    log('rows_not_deleted', { jobId, error: name, reason: message });
  }
  return true;
}

/** Deletes what was joined in parts: the results are whole. */
export async function forgetJoined(store: ObjectStore, jobId: string): Promise<void> {
  for await (const { key } of store.list(joinedPrefix(jobId))) await store.delete(key);
}

async function rowKeys(store: ObjectStore, jobId: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(shardsPrefix(jobId))) {
    if (key.endsWith('.jsonl') || key.endsWith('/stopped.json')) keys.push(key);
  }
  return keys;
}
