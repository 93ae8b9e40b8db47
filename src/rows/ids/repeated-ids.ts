import { HashTable } from '../../reuse/hash-table.ts';
import { IdHash } from './id-hash.ts';
import type { UniqueIds } from './unique-ids.ts';

/** Factor by which a full part grows. The table then takes 1.3 to 1.9 times the bytes of its entries. */
const GROWTH = 1.4;
const WAS_TAKEN = 1;

/**
 * The ids of a job that has more ids than fit into one table. Keeps only ids that a survey of all rows has seen more than once,
 * because an id that occurs once cannot be a duplicate.
 */
export class RepeatedIds implements UniqueIds {
  readonly #hash: IdHash;
  /** Hash → 1 once a row has taken the id. */
  readonly #table = new HashTable(1, GROWTH);

  /** @param seed seed of the hash, the same as in the survey */
  constructor(seed: number) {
    this.#hash = new IdHash(seed);
  }

  get size(): number {
    return this.#table.size;
  }

  /** Adds the hash of an id that occurs again. */
  note({ high, low }: Pick<IdHash, 'high' | 'low'>): void {
    this.#table.getOrAdd(high, low, 0);
  }

  add(id: string): boolean {
    this.#hash.take(id);
    const known = this.#table.find(this.#hash.high, this.#hash.low);
    if (known === undefined) return true;
    if (known.words[known.at] === WAS_TAKEN) return false;
    known.words[known.at] = WAS_TAKEN;
    return true;
  }

  dump(): Iterable<Uint8Array> {
    return this.#table.dump();
  }

  load(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#table.load(chunks);
  }
}
