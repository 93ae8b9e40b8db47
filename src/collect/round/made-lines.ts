import type { CountedLine } from '../lines/line-reader.ts';

const BLOCK_BYTES = 4 * 1_048_576;

/** What a round keeps of the result lines it has made. The others are made again. */
const MAX_BYTES = 6 * BLOCK_BYTES;

/** Longer lines are rather read again: to find one on disk takes as long whatever its length. */
const MAX_LINE_BYTES = 4_096;

/** Result lines between the provider's order and the input's, so that most need not be read from disk a second time. */
export class MadeLines {
  #block = Buffer.alloc(0);
  #used = 0;
  #bytes = 0;

  /** Whether the result line of a provider's line of this length is kept, as far as can be told. */
  hasRoom(length: number): boolean {
    return length <= MAX_LINE_BYTES && this.#bytes < MAX_BYTES;
  }

  /** Keeps a copy of a line. */
  keep({ line, model, end, usage }: CountedLine): CountedLine {
    const { length } = line;
    if (this.#used + length > this.#block.length) {
      this.#block = Buffer.allocUnsafeSlow(Math.max(length, BLOCK_BYTES));
      this.#bytes += this.#block.length;
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += line.copy(this.#block, start);
    return { line: this.#block.subarray(start, this.#used), model, end, usage };
  }
}
