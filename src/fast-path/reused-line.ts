import { splicedBytes, type Spans, type Splice } from './shapes/splice.ts';

/** Longest line whose view is kept, in bytes. */
const MAX_KEPT = 8_192;
/** Longest slot that is copied by a loop, in bytes. */
const SHORT = 32;

/**
 * Memory that is reused for each line. Creating a view of a buffer costs as much as copying a short line, and the lines of a file
 * have few different lengths, so the views are kept by length.
 */
export class ReusedLine {
  bytes = Buffer.allocUnsafeSlow(65_536);
  readonly #views: (Buffer | undefined)[] = [];
  /** The splice of the line in the memory, and where its literals begin. */
  #splice: Splice | undefined;
  readonly #literalsAt: number[] = [];

  /** The memory, with at least this many bytes. Its content may be lost. */
  room(bytes: number): Buffer {
    this.#splice = undefined;
    if (bytes > this.bytes.length) {
      this.bytes = Buffer.allocUnsafeSlow(2 * bytes);
      this.#views.length = 0;
    }
    return this.bytes;
  }

  /** The first bytes of the memory. They are valid until the memory is written again. */
  view(length: number): Buffer {
    if (length > MAX_KEPT) return this.bytes.subarray(0, length);
    return (this.#views[length] ??= this.bytes.subarray(0, length));
  }

  /**
   * Writes a spliced line, and returns its length. Literals that the last line left in their place are not written again, and
   * short slots are copied by a loop: a call of `set` or `copy` takes 15 to 50 ns, a loop 1 ns per byte.
   */
  splice(splice: Splice, source: Buffer, spans: Spans): number {
    const length = splicedBytes(splice, spans);
    if (length > this.bytes.length) this.room(length);
    const { literals, slots } = splice;
    const [into, literalsAt] = [this.bytes, this.#literalsAt];
    const isSame = splice === this.#splice;
    this.#splice = splice;
    let at = 0;
    for (let n = 0; n < literals.length; n += 1) {
      const literal = literals[n] as Buffer;
      if (!isSame || literalsAt[n] !== at) into.set(literal, at);
      literalsAt[n] = at;
      at += literal.length;
      if (n === slots.length) break;
      const [start, end] = [
        spans[2 * (slots[n] as number)] as number,
        spans[2 * (slots[n] as number) + 1] as number,
      ];
      if (end - start > SHORT) source.copy(into, at, start, end);
      else for (let byte = start; byte < end; byte += 1) into[at + byte - start] = source[byte] as number;
      at += end - start;
    }
    return length;
  }
}
