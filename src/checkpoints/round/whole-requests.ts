import type { ObjectStore } from '../../store/object-store.ts';
import { roundKey } from '../keys.ts';
import { readShardPlan, type PlannedShard } from '../plan.ts';
import { damagedFile } from '../shard/other-files.ts';
import { collectedObject } from './collected.ts';

/**
 * Compares a round's requests with what was recorded when they were written: the first round's with the plan, a later round's with
 * the round before. Two calls of one step at the same time may leave a shorter file than the one that was recorded.
 * @returns their bytes
 * @throws RequestsDamaged when they differ
 */
export async function requireWholeRequests(
  store: ObjectStore,
  ref: PlannedShard,
  round: number,
): Promise<number> {
  const { jobId, shard } = ref;
  const key = roundKey({ jobId, shard }, round, 'requests.jsonl');
  const found = await store.stat(key);
  const recorded = await recordedBytes(store, ref, round);
  if (found !== undefined && (recorded ?? found.bytes) === found.bytes) return found.bytes;
  throw damagedFile(store, ref, { key, found: found?.bytes, bytes: recorded });
}

/**
 * Bytes of a round's requests; undefined for a later round if an earlier version wrote the checkpoint of the round before it.
 */
export async function recordedBytes(
  store: ObjectStore,
  ref: PlannedShard,
  round: number,
): Promise<number | undefined> {
  if (round === 1) return (await readShardPlan(store, ref)).bytes;
  const before = await collectedObject.read(store, { ...ref, round: round - 1 });
  return before?.nextBytes;
}
