import { InvalidInput } from '../errors.ts';

/** Beyond this the table alone would take more than a Lambda has: 12.5 bytes an id. */
export const MAX_IDS = 100_000_000;

/**
 * The custom_ids of a job, 64 bits of hash each: 125 MB for 10,000,000, where a Set of strings takes a gigabyte and ends
 * at 2^24 entries. Two ids may share a hash (one job of 10,000,000 in 370,000 would have such a pair), so what looks
 * like a duplicate is only a suspect; `build-shards.ts` confirms it.
 */
export interface UniqueIds {
  /** Takes an id; false when it looks as if it was there already. @throws InvalidInput when there are too many. */
  add(id: string): boolean;
}

/** @param seed another seed is another hash: ids that shared one no longer do */
export function createUniqueIds(seed: number): UniqueIds {
  const parts = Array.from({ length: PARTS }, () => new HashTable());
  let size = 0;
  return {
    add(id) {
      const high = hashHigh(id, seed);
      const part = parts[high >>> (32 - PART_BITS)];
      if (part === undefined || !part.add(high, hashLow(id, seed, high))) return false;
      size += 1;
      if (size > MAX_IDS) {
        throw new InvalidInput(`A job takes at most ${MAX_IDS} rows: split the input into several files.`);
      }
      return true;
    },
  };
}

/** Many small tables, so that one that grows copies little, and memory grows in small steps. */
const PART_BITS = 8;
const PARTS = 2 ** PART_BITS;

const FIRST_CAPACITY = 64;
const MAX_LOAD = 0.75;
const GROWTH = 1.4;

/** 64-bit hashes in open addressing with linear probing; two zeros are an empty place. */
class HashTable {
  #capacity = FIRST_CAPACITY;
  #places = new Uint32Array(2 * FIRST_CAPACITY);
  #size = 0;

  /** False when the hash was there already. */
  add(high: number, low: number): boolean {
    if (this.#size >= this.#capacity * MAX_LOAD) this.#grow();
    if (!this.#put(high, low)) return false;
    this.#size += 1;
    return true;
  }

  #put(high: number, low: number): boolean {
    const places = this.#places;
    // The low half alone chooses the place: the high one has chosen the table.
    let place = Math.floor((low / 2 ** 32) * this.#capacity);
    for (;;) {
      const foundHigh = places[2 * place];
      const foundLow = places[2 * place + 1];
      if (foundHigh === 0 && foundLow === 0) break;
      if (foundHigh === high && foundLow === low) return false;
      place = place + 1 === this.#capacity ? 0 : place + 1;
    }
    places[2 * place] = high;
    places[2 * place + 1] = low;
    return true;
  }

  #grow(): void {
    const before = this.#places;
    this.#capacity = Math.ceil(this.#capacity * GROWTH);
    this.#places = new Uint32Array(2 * this.#capacity);
    for (let at = 0; at < before.length; at += 2) {
      const high = before[at] ?? 0;
      const low = before[at + 1] ?? 0;
      if (high !== 0 || low !== 0) this.#put(high, low);
    }
    // Given back at once: the collector would wait until as much again is garbage.
    before.buffer.transfer(0);
  }
}

/** Two lanes of multiply and rotate over the UTF-16 units, each finished as in MurmurHash3. */
function hashHigh(id: string, seed: number): number {
  let high = seed ^ 0x9e3779b9;
  for (let at = 0; at < id.length; at += 1) {
    high = Math.imul(high ^ id.charCodeAt(at), 0x01000193);
    high = (high << 13) | (high >>> 19);
  }
  return finish(high ^ id.length);
}

/** Never 0 where the high lane is: two zeros are an empty place. */
function hashLow(id: string, seed: number, high: number): number {
  let low = Math.imul(seed, 0x85ebca6b) ^ 0x517cc1b7;
  for (let at = 0; at < id.length; at += 1) {
    low = Math.imul(low ^ id.charCodeAt(at), 0x5bd1e995);
    low = (low << 15) | (low >>> 17);
  }
  low = finish(low ^ Math.imul(high, 0xc2b2ae35));
  return high === 0 && low === 0 ? 1 : low;
}

function finish(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
