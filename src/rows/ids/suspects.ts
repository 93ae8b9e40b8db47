import { isNotOk, readCustomId } from '../../jsonl/custom-id.ts';
import { ownLines } from '../../jsonl/own-lines.ts';
import { roundKey, type ShardRef } from '../../checkpoints/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/** Most possible duplicates to confirm. It limits memory for a file with only duplicates. */
export const MAX_SUSPECTS = 100_000;

/**
 * Removes ids from the set if a row of the shard with this id is sent, or has a known answer. The ids that remain after all
 * shards are not duplicates: they only share a hash with another id.
 */
export async function clearSuspects(store: ObjectStore, ref: ShardRef, suspects: Set<string>): Promise<void> {
  const requests = await ownLines(store, roundKey(ref, 1, 'requests.jsonl'));
  for await (const lines of requests ?? []) for (const line of lines) suspects.delete(readCustomId(line));
  const unsent = await ownLines(store, roundKey(ref, 0, 'results.jsonl'));
  for await (const lines of unsent ?? [])
    // A row that is not ok in round 0 is invalid, possibly as a duplicate.
    for (const line of lines) if (line.length > 1 && !isNotOk(line)) suspects.delete(readCustomId(line));
}
