import { HashTable } from '../../reuse/hash-table.ts';
import { AscendingIds } from './ascending-ids.ts';
import { IdHash } from './id-hash.ts';

/** Most ids in one table: at 12.5 bytes each, half a gigabyte. */
export const MAX_IDS_AT_ONCE = 40_000_000;

/** Error for more ids than fit into one table: they are then surveyed first (`id-survey.ts`), and only repeated ones are kept. */
export class ManyIds extends Error {
  override readonly name = 'ManyIds';
}

/**
 * The custom_ids of a job as 64-bit hashes: 125 MB for 10,000,000, where a Set of strings takes a gigabyte and is limited to 2^24
 * entries. Two ids may share a hash (in one job of 10,000,000 rows in 370,000), so an apparent duplicate must be confirmed by
 * `confirm-duplicates.ts`.
 */
export interface UniqueIds {
  /**
   * Adds an id; returns false if it seems to exist already.
   * @throws ManyIds when there are too many.
   */
  add(id: string): boolean;
  /** The content as bytes for {@link load}. */
  dump(): Iterable<Uint8Array>;
  /** Loads a dump made with the same seed into an empty table. */
  load(chunks: AsyncIterable<Uint8Array>): Promise<void>;
}

/** Factor by which a full part grows. It is small, because there are many parts. */
const GROWTH = 1.4;

/**
 * Creates a set of ids that holds their hashes. Uses a table from the first id on that does not come after all earlier ones.
 * @param seed seed of the hash
 */
export function createUniqueIds(seed: number, max = MAX_IDS_AT_ONCE): UniqueIds {
  const hashes = new HashTable(0, GROWTH);
  const hash = new IdHash(seed);
  let ascending: AscendingIds | undefined = new AscendingIds();
  const toTable = (): void => {
    // Two ids may share a hash.
    ascending?.moveTo((high, low) => hashes.addKey(high, low));
    ascending = undefined;
  };
  return {
    add(id) {
      hash.take(id);
      const isBehind = ascending?.add(id, hash.high, hash.low) === true;
      if (!isBehind) {
        if (ascending !== undefined) toTable();
        if (!hashes.addKey(hash.high, hash.low)) return false;
      }
      if (hashes.size + (ascending?.size ?? 0) > max) throw new ManyIds(`There are more than ${max} ids.`);
      return true;
    },
    *dump() {
      toTable();
      yield* hashes.dump();
    },
    async load(chunks) {
      toTable();
      await hashes.load(chunks);
    },
  };
}
