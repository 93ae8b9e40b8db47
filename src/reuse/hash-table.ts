/**
 * Number of bits that choose a part of the table. There are many small parts: a part that grows copies little, and memory grows
 * in small steps.
 */
const PART_BITS = 8;
const PARTS = 2 ** PART_BITS;

const FIRST_CAPACITY = 16;
const MAX_LOAD = 0.75;
const GROWTH = 2;
/** Capacity below which a part grows fast: it takes little memory, and every growth moves all entries. */
const SMALL_CAPACITY = 1_024;
const SMALL_GROWTH = 4;

/**
 * Maps 64-bit hashes to values of a few 32-bit words, in open addressing with linear probing: it takes a few bytes per key in
 * addition to key and value, where a `Map` takes a hundred.
 */
export class HashTable {
  readonly #parts: Part[];
  #size = 0;

  readonly #stride: number;

  /**
   * @param words number of 32-bit words per value; 0 for a set of keys
   * @param growth factor by which a full part grows
   */
  constructor(words: number, growth = GROWTH) {
    this.#stride = 2 + words;
    this.#parts = Array.from({ length: PARTS }, () => new Part(2 + words, growth));
  }

  get size(): number {
    return this.#size;
  }

  /** The value of a key as a view of the table, which may be read and changed until the next key is added. */
  find(high: number, low: number): Value | undefined {
    return this.#part(high).find(high, low);
  }

  /** Adds a new key. */
  add(high: number, low: number, value: readonly number[]): void {
    const { words, at } = this.#part(high).add(high, low);
    for (const [n, word] of value.entries()) words[at + n] = word;
    this.#size += 1;
  }

  /** The first word of a key's value; for a new key, adds it with this word and returns undefined. */
  getOrAdd(high: number, low: number, word: number): number | undefined {
    const known = this.#part(high).getOrAdd(high, low, word);
    if (known === undefined) this.#size += 1;
    return known;
  }

  /** Adds a key of a table without values. Returns false if the key exists already. */
  addKey(high: number, low: number): boolean {
    const isNew = this.#part(high).addKey(high, low);
    if (isNew) this.#size += 1;
    return isNew;
  }

  /** The content as bytes for {@link load}. */
  *dump(): Generator<Uint8Array> {
    for (const part of this.#parts) yield part.dump();
  }

  /**
   * Loads a dump. It takes least time for an empty table.
   * @param onValue called with each value
   */
  async load(
    chunks: AsyncIterable<Uint8Array>,
    onValue: (value: readonly number[]) => void = () => undefined,
  ): Promise<void> {
    const bytes = 4 * this.#stride;
    for await (const entries of partsOf(chunks, bytes)) {
      this.#part(entries.readUInt32LE(0)).reserve(entries.length / bytes);
      for (let at = 0; at < entries.length; at += bytes) {
        const value: number[] = [];
        for (let n = 2; n < this.#stride; n += 1) value.push(entries.readUInt32LE(at + 4 * n));
        this.add(entries.readUInt32LE(at), entries.readUInt32LE(at + 4), value);
        onValue(value);
      }
    }
  }

  #part(high: number): Part {
    const part = this.#parts[partOf(high)];
    if (part === undefined) throw new RangeError(`${high} is not the upper half of a 64-bit hash.`);
    return part;
  }
}

/** The part of a key is chosen by the first bits of the upper half of its hash. */
const partOf = (high: number): number => high >>> (32 - PART_BITS);

/** The entries of one part after the other, from dumped bytes that are cut at any position. */
async function* partsOf(chunks: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([rest, chunk]);
    let start = 0;
    // The whole entries of the rest are of one part.
    for (let at = rest.length - (rest.length % length); at + length <= bytes.length; at += length) {
      if (partOf(bytes.readUInt32LE(at)) === partOf(bytes.readUInt32LE(start))) continue;
      yield bytes.subarray(start, at);
      start = at;
    }
    rest = bytes.subarray(start);
  }
  if (rest.length % length > 0) throw new Error('A table of hashes ends in the middle of an entry.');
  if (rest.length > 0) yield rest;
}

/** Position of the words of a value. */
export interface Value {
  readonly words: Uint32Array;
  readonly at: number;
}

class Part {
  readonly #stride: number;
  readonly #growth: number;
  #capacity = FIRST_CAPACITY;
  #words: Uint32Array<ArrayBuffer>;
  #size = 0;

  constructor(stride: number, growth: number) {
    this.#stride = stride;
    this.#growth = growth;
    this.#words = new Uint32Array(stride * FIRST_CAPACITY);
  }

  /**
   * Allocates the capacity for that many entries at once, before the first one is added; does nothing afterwards. A dump has the
   * order of its positions, so without it the first entries would all fall into the first positions of a table that is still
   * small, and each one would search past all before it: 3,000,000 entries took minutes.
   */
  reserve(size: number): void {
    if (this.#size > 0) return;
    while (this.#capacity * MAX_LOAD < size) this.#capacity = this.#grownCapacity();
    this.#words = new Uint32Array(this.#stride * this.#capacity);
  }

  /** The entries as words, in the order of their positions. */
  dump(): Uint8Array {
    const stride = this.#stride;
    const bytes = Buffer.allocUnsafe(4 * stride * this.#size);
    let end = 0;
    for (let at = 0; at < this.#words.length; at += stride) {
      if (this.#words[at] === 0 && this.#words[at + 1] === 0) continue;
      for (let n = 0; n < stride; n += 1) end = bytes.writeUInt32LE(this.#words[at + n] ?? 0, end);
    }
    return bytes;
  }

  find(high: number, low: number): Value | undefined {
    const at = this.#locate(high, low);
    const words = this.#words;
    return words[at] === high && words[at + 1] === low ? { words, at: at + 2 } : undefined;
  }

  add(high: number, low: number): Value {
    if (this.#size >= this.#capacity * MAX_LOAD) this.#grow();
    const at = this.#locate(high, low);
    const words = this.#words;
    words[at] = high;
    words[at + 1] = low;
    this.#size += 1;
    return { words, at: at + 2 };
  }

  getOrAdd(high: number, low: number, word: number): number | undefined {
    if (this.#size >= this.#capacity * MAX_LOAD) this.#grow();
    const at = this.#locate(high, low);
    const words = this.#words;
    if (words[at] === high && words[at + 1] === low) return words[at + 2];
    words[at] = high;
    words[at + 1] = low;
    words[at + 2] = word;
    this.#size += 1;
    return undefined;
  }

  addKey(high: number, low: number): boolean {
    if (this.#size >= this.#capacity * MAX_LOAD) this.#grow();
    const at = this.#locate(high, low);
    const words = this.#words;
    if (words[at] === high && words[at + 1] === low) return false;
    words[at] = high;
    words[at + 1] = low;
    this.#size += 1;
    return true;
  }

  /** The position of a key, or where it would be added. Two zeros mark an empty entry; no hash has that value. */
  #locate(high: number, low: number): number {
    const words = this.#words;
    const stride = this.#stride;
    // Uses only the lower half, because the upper half has chosen the part.
    let entry = Math.floor((low / 2 ** 32) * this.#capacity);
    for (;;) {
      const at = entry * stride;
      const foundHigh = words[at];
      const foundLow = words[at + 1];
      if (foundHigh === 0 && foundLow === 0) return at;
      if (foundHigh === high && foundLow === low) return at;
      entry = entry + 1 === this.#capacity ? 0 : entry + 1;
    }
  }

  #grownCapacity(): number {
    const growth = this.#capacity < SMALL_CAPACITY ? SMALL_GROWTH : this.#growth;
    return Math.ceil(this.#capacity * growth);
  }

  /** Moves all entries to a larger table. Looks only for free positions, because the keys differ. */
  #grow(): void {
    const before = this.#words;
    const stride = this.#stride;
    this.#capacity = this.#grownCapacity();
    const words = new Uint32Array(stride * this.#capacity);
    this.#words = words;
    const entryOf = this.#capacity / 2 ** 32;
    for (let from = 0; from < before.length; from += stride) {
      const high = before[from] as number;
      const low = before[from + 1] as number;
      if (high === 0 && low === 0) continue;
      let at = Math.floor(low * entryOf) * stride;
      while (words[at] !== 0 || words[at + 1] !== 0) at = at + stride === words.length ? 0 : at + stride;
      words[at] = high;
      words[at + 1] = low;
      for (let n = 2; n < stride; n += 1) words[at + n] = before[from + n] as number;
    }
    // The old part is freed immediately. The garbage collector would first wait for as much further garbage.
    before.buffer.transfer(0);
  }
}
