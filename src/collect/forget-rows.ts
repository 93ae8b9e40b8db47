import { shardsPrefix } from '../checkpoints/keys.ts';
import type { Edges } from '../edges.ts';
import type { Summary } from '../job.ts';
import { sideBySide } from '../side-by-side.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** Whether a job came to its end: nothing is left to resume, and its shards' rows are needed no more. */
export function needsNoResume({ status }: Pick<Summary, 'status'>): boolean {
  return status === 'succeeded' || status === 'partial';
}

/**
 * Deletes the rows of a job's shards: requests, the provider's files, results by shard. All of them are JSON Lines, and no
 * checkpoint is. What cannot be deleted stays until the bucket forgets it: the job's end is what it is.
 */
export async function forgetRows({ store, log }: Pick<Edges, 'store' | 'log'>, jobId: string): Promise<void> {
  try {
    const keys = await rowKeys(store, jobId);
    await sideBySide(keys, (key) => store.delete(key));
    log('rows_deleted', { jobId, objects: keys.length });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    log('rows_not_deleted', { jobId, error: name, reason: message });
  }
}

async function rowKeys(store: ObjectStore, jobId: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(shardsPrefix(jobId))) if (key.endsWith('.jsonl')) keys.push(key);
  return keys;
}
