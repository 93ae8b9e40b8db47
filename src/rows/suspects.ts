import { isNotOk, readCustomId } from '../jsonl/custom-id.ts';
import { ownLines } from '../jsonl/own-lines.ts';
import { roundKey } from '../checkpoints/keys.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** Duplicates that are confirmed, so that a file of nothing else takes no more memory than another. */
export const MAX_SUSPECTS = 100_000;

/**
 * Of the ids that look like duplicates, how many are none: no row that is sent or whose answer is known has them, so they only
 * share a hash with another id. Reads what Build wrote again, when there is a suspect at all; takes those that are found out of
 * the set.
 */
export async function findInnocent(
  store: ObjectStore,
  jobId: string,
  shards: number,
  suspects: Set<string>,
): Promise<number> {
  for (let shard = 0; shard < shards && suspects.size > 0; shard += 1) {
    const requests = await ownLines(store, roundKey({ jobId, shard }, 1, 'requests.jsonl'));
    for await (const lines of requests ?? []) for (const line of lines) suspects.delete(readCustomId(line));
    const unsent = await ownLines(store, roundKey({ jobId, shard }, 0, 'results.jsonl'));
    for await (const lines of unsent ?? [])
      // What is not ok there is invalid: a duplicate, too.
      for (const line of lines) if (line.length > 1 && !isNotOk(line)) suspects.delete(readCustomId(line));
  }
  return suspects.size;
}
