import { isNotOk, readCustomId } from '../../jsonl/custom-id.ts';
import { ownLines } from '../../jsonl/own-lines.ts';
import { roundKey, type ShardRef } from '../../checkpoints/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/** Duplicates that are confirmed, so that a file of nothing else takes no more memory than another. */
export const MAX_SUSPECTS = 100_000;

/**
 * Takes those ids out of the set that a row of the shard has that is sent, or whose answer is known. What no shard has is no
 * duplicate: it only shares its hash with another id.
 */
export async function clearSuspects(store: ObjectStore, ref: ShardRef, suspects: Set<string>): Promise<void> {
  const requests = await ownLines(store, roundKey(ref, 1, 'requests.jsonl'));
  for await (const lines of requests ?? []) for (const line of lines) suspects.delete(readCustomId(line));
  const unsent = await ownLines(store, roundKey(ref, 0, 'results.jsonl'));
  for await (const lines of unsent ?? [])
    // What is not ok there is invalid: a duplicate, too.
    for (const line of lines) if (line.length > 1 && !isNotOk(line)) suspects.delete(readCustomId(line));
}
