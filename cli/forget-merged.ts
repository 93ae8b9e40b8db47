import { REUSE_PREFIX } from '../src/checkpoints/keys.ts';
import { isMergedKey, readDirectory } from '../src/reuse/merged-index.ts';
import type { ObjectStore } from '../src/store/object-store.ts';

/** Deletes merged indexes that have entries of jobs. The indexes of the other jobs in them are merged again later. */
export async function deleteMergedOf(store: ObjectStore, jobIds: readonly string[]): Promise<number> {
  let deleted = 0;
  for await (const { key, bytes } of store.list(REUSE_PREFIX)) {
    if (!isMergedKey(key)) continue;
    const merged = await readDirectory(store, key, bytes);
    // An unreadable index may have such entries, and cannot be used.
    if (merged?.jobs.some(({ jobId }) => jobIds.includes(jobId)) === false) continue;
    await store.delete(key);
    deleted += 1;
  }
  return deleted;
}
