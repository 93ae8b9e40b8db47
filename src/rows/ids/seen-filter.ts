import type { IdHash } from './id-hash.ts';

/** Number of bits of the filter: a gigabyte. With 1,000,000,000 ids, 7,000,000 of them wrongly count as seen. */
export const FILTER_BITS = 2 ** 33;

/** Number of bits that an id sets. */
const PROBES = 3;
const CHUNK_BYTES = 8_388_608;

/** A Bloom filter of ids. It always finds an id that was added, and sometimes reports one that was not. Its memory is fixed. */
export class SeenFilter {
  readonly #bits: number;
  readonly #words: Uint32Array<ArrayBuffer>;

  /** @param bits a power of two, at least 32 */
  constructor(bits = FILTER_BITS) {
    this.#bits = bits;
    this.#words = new Uint32Array(bits / 32);
  }

  /** Adds an id by its hash; returns false if it is new. */
  take({ high, low }: Pick<IdHash, 'high' | 'low'>): boolean {
    let wasSeen = true;
    // Uses arithmetic, because bitwise operators are limited to 32 bits.
    const first = low + (high & 1) * 2 ** 32;
    for (let probe = 0; probe < PROBES; probe += 1) {
      const at = (first + probe * high) % this.#bits;
      const word = Math.floor(at / 32);
      const bit = 1 << (at % 32);
      const before = this.#words[word] ?? 0;
      if ((before & bit) !== 0) continue;
      wasSeen = false;
      this.#words[word] = before | bit;
    }
    return wasSeen;
  }

  *dump(): Generator<Uint8Array> {
    const bytes = new Uint8Array(this.#words.buffer);
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
  }

  async load(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const bytes = new Uint8Array(this.#words.buffer);
    let end = 0;
    for await (const chunk of chunks) {
      bytes.set(chunk, end);
      end += chunk.length;
    }
    if (end !== bytes.length) throw new Error(`A filter of ${bytes.length} bytes was saved as ${end} bytes.`);
  }
}
