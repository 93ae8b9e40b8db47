import { roundKey } from '../checkpoints/keys.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { frameLines } from '../jsonl/lines.ts';
import { readCustomId } from './request-line.ts';

/** Duplicates that are confirmed, so that a file of nothing else takes no more memory than another. */
export const MAX_SUSPECTS = 100_000;

/**
 * Of the ids that look like duplicates, how many are none: no request line has them, so they only share a hash with
 * another id. Reads the request lines again, when there is a suspect at all; takes those that are found out of the set.
 */
export async function findInnocent(
  store: ObjectStore,
  jobId: string,
  shards: number,
  suspects: Set<string>,
): Promise<number> {
  for (let shard = 0; shard < shards && suspects.size > 0; shard += 1) {
    const object = await store.open(roundKey({ jobId, shard }, 1, 'requests.jsonl'));
    if (object === undefined) continue;
    for await (const lines of frameLines(object.body, Number.MAX_SAFE_INTEGER, 'raw')) {
      for (const { bytes } of lines) if (bytes !== undefined) suspects.delete(readCustomId(bytes));
    }
  }
  return suspects.size;
}
