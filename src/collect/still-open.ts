import { doneObject } from '../checkpoints/shard/shard-end.ts';
import { summaryObject, type Summary } from '../checkpoints/summary.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import type { ObjectStore } from '../store/object-store.ts';

/**
 * Updates `open` of a job that has all its results: second batches of its rows may have ended since. This execution has asked the
 * provider about them again.
 */
export async function withOpenBatches(store: ObjectStore, summary: Summary): Promise<Summary> {
  const { jobId, open: before = [], retries = [] } = summary;
  if (before.length === 0 || retries.length > 0) return summary;
  const shards = [...new Set(before.map(({ shard }) => shard))];
  const ends = await sideBySide(shards, (shard) => doneObject.read(store, { jobId, shard }));
  const open = ends.flatMap((end) => end?.twins ?? []);
  const now = { ...summary, open };
  await summaryObject.write(store, jobId, now);
  return now;
}
