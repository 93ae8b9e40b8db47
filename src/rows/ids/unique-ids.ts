import { IdHash } from './id-hash.ts';

/** Most ids in one table: at 12.5 bytes each, half a gigabyte. */
export const MAX_IDS_AT_ONCE = 40_000_000;

/** There are more ids than fit into one table: they are surveyed first (`id-survey.ts`), and only repeated ones are kept. */
export class ManyIds extends Error {
  override readonly name = 'ManyIds';
}

/**
 * The custom_ids of a job as 64-bit hashes: 125 MB for 10,000,000, where a Set of strings takes a gigabyte and is limited to 2^24
 * entries. Two ids may share a hash (in one job of 10,000,000 rows in 370,000), so an apparent duplicate must be confirmed by
 * `confirm-duplicates.ts`.
 */
export interface UniqueIds {
  /** Adds an id; returns false if it seems to exist already. @throws ManyIds when there are too many. */
  add(id: string): boolean;
  /** The content as bytes for {@link load}. */
  dump(): Iterable<Uint8Array>;
  /** Loads a dump made with the same seed into an empty table. */
  load(chunks: AsyncIterable<Uint8Array>): Promise<void>;
}

/** @param seed seed of the hash */
export function createUniqueIds(seed: number, max = MAX_IDS_AT_ONCE): UniqueIds {
  const parts = Array.from({ length: PARTS }, () => new HashTable());
  const hash = new IdHash(seed);
  let size = 0;
  return {
    add(id) {
      hash.take(id);
      const part = parts[hash.high >>> (32 - PART_BITS)];
      if (part === undefined || !part.add(hash.high, hash.low)) return false;
      size += 1;
      if (size > max) throw new ManyIds(`There are more than ${max} ids.`);
      return true;
    },
    *dump() {
      for (const part of parts) yield part.dump();
    },
    async load(chunks) {
      for await (const hashes of wholeHashes(chunks)) {
        for (let at = 0; at < hashes.length; at += BYTES_PER_HASH) {
          const high = hashes.readUInt32LE(at);
          parts[high >>> (32 - PART_BITS)]?.add(high, hashes.readUInt32LE(at + 4));
          size += 1;
        }
      }
    },
  };
}

const BYTES_PER_HASH = 8;

/** Restores whole hashes from dumped bytes that are cut at any position. */
async function* wholeHashes(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest: Uint8Array = new Uint8Array();
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk]);
    const end = bytes.length - (bytes.length % BYTES_PER_HASH);
    yield bytes.subarray(0, end);
    rest = bytes.subarray(end);
  }
  if (rest.length > 0) throw new Error('The table of ids ends in the middle of a hash.');
}

/** Many small tables: a growing one copies little, and memory grows in small steps. */
const PART_BITS = 8;
const PARTS = 2 ** PART_BITS;

const FIRST_CAPACITY = 64;
const MAX_LOAD = 0.75;
const GROWTH = 1.4;

/** 64-bit hashes in open addressing with linear probing; two zeros are an empty entry. */
class HashTable {
  #capacity = FIRST_CAPACITY;
  #entries = new Uint32Array(2 * FIRST_CAPACITY);
  #size = 0;

  /** Returns false if the hash exists already. */
  add(high: number, low: number): boolean {
    if (this.#size >= this.#capacity * MAX_LOAD) this.#grow();
    if (!this.#put(high, low)) return false;
    this.#size += 1;
    return true;
  }

  /** Its hashes, 8 bytes each. */
  dump(): Uint8Array {
    const bytes = Buffer.allocUnsafe(BYTES_PER_HASH * this.#size);
    let end = 0;
    for (let at = 0; at < this.#entries.length; at += 2) {
      const [high = 0, low = 0] = [this.#entries[at], this.#entries[at + 1]];
      if (high === 0 && low === 0) continue;
      end = bytes.writeUInt32LE(high, end);
      end = bytes.writeUInt32LE(low, end);
    }
    return bytes;
  }

  #put(high: number, low: number): boolean {
    const entries = this.#entries;
    // Uses only the low half, because the high half has chosen the table.
    let entry = Math.floor((low / 2 ** 32) * this.#capacity);
    for (;;) {
      const foundHigh = entries[2 * entry];
      const foundLow = entries[2 * entry + 1];
      if (foundHigh === 0 && foundLow === 0) break;
      if (foundHigh === high && foundLow === low) return false;
      entry = entry + 1 === this.#capacity ? 0 : entry + 1;
    }
    entries[2 * entry] = high;
    entries[2 * entry + 1] = low;
    return true;
  }

  #grow(): void {
    const before = this.#entries;
    this.#capacity = Math.ceil(this.#capacity * GROWTH);
    this.#entries = new Uint32Array(2 * this.#capacity);
    for (let at = 0; at < before.length; at += 2) {
      const high = before[at] ?? 0;
      const low = before[at + 1] ?? 0;
      if (high !== 0 || low !== 0) this.#put(high, low);
    }
    // Freed immediately, because the garbage collector would wait for as much garbage again.
    before.buffer.transfer(0);
  }
}
