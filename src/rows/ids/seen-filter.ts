import type { IdHash } from './id-hash.ts';

/** A gigabyte. Of 1,000,000,000 ids, 7,000,000 then look as if they had been there. */
export const FILTER_BITS = 2 ** 33;

/** Bits that an id sets. */
const PROBES = 3;
const CHUNK_BYTES = 8_388_608;

/** A Bloom filter: tells of an id that was there that it was, and sometimes also of one that was not. Its memory is fixed. */
export class SeenFilter {
  readonly #bits: number;
  readonly #words: Uint32Array<ArrayBuffer>;

  /** @param bits a power of two, at least 32 */
  constructor(bits = FILTER_BITS) {
    this.#bits = bits;
    this.#words = new Uint32Array(bits / 32);
  }

  /** Takes an id by its hash; false if it was not there before. */
  take({ high, low }: Pick<IdHash, 'high' | 'low'>): boolean {
    let wasSeen = true;
    // Beyond 32 bits, numbers are exact and bitwise operators are not.
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
