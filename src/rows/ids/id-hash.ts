/**
 * HalfSipHash-1-3 with a 64-bit result, over pairs of UTF-16 units. It is made for tables whose keys are chosen by others
 * (https://github.com/veorq/SipHash).
 */
export class IdHash {
  readonly #key0: number;
  readonly #key1: number;
  /** The two halves of the last id's hash; never both 0, which marks an empty entry. */
  high = 0;
  low = 0;

  /**
   * @param seed the key, a whole number below 2^53: ids with the same hash under one seed differ under another, and nobody can
   *   construct such ids without knowing the seed
   */
  constructor(seed: number) {
    this.#key0 = seed >>> 0;
    this.#key1 = Math.floor(seed / 2 ** 32) >>> 0;
  }

  take(id: string): void {
    // The state is in local variables: fields would box the 32-bit values, and the hash would cost three times as much.
    let [v0, v1, v2, v3] = [this.#key0, this.#key1 ^ 0xee, this.#key0 ^ 0x6c796765, this.#key1 ^ 0x74656462];
    const words = (id.length >> 1) + 1;
    for (let step = 0; step < words + 6; step += 1) {
      const word = step < words ? wordAt(id, step) : 0;
      if (step === words) v2 ^= 0xee;
      else if (step === words + 3) {
        this.low = (v1 ^ v3) >>> 0;
        v1 ^= 0xdd;
      }
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    this.high = (v1 ^ v3) >>> 0;
    if (this.high === 0 && this.low === 0) this.low = 1;
  }
}

/**
 * Two characters of an id. The last word contains the length, which distinguishes the id from one that ends in an additional
 * zero.
 */
function wordAt(id: string, n: number): number {
  const at = 2 * n;
  if (at + 1 < id.length) return id.charCodeAt(at) | (id.charCodeAt(at + 1) << 16);
  return (id.length << 24) | (at < id.length ? id.charCodeAt(at) : 0);
}
