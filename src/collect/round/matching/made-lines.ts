import type { CountedLine } from '../../lines/line-reader.ts';

const BLOCK_BYTES = 4 * 1_048_576;

/** Most bytes of rendered result lines to keep in memory. Other lines are rendered again later. */
const MAX_BYTES = 6 * BLOCK_BYTES;

/** Longest line that is kept. Longer lines are read from disk again: finding a line takes the same time, whatever its length. */
const MAX_LINE_BYTES = 4_096;

/**
 * Keeps rendered result lines between the provider's order and the input's, so that most lines need not be read from disk again.
 */
export class MadeLines implements Disposable {
  readonly #blocks: Buffer<ArrayBuffer>[] = [];
  #block: Buffer = Buffer.alloc(0);
  #used = 0;
  #bytes = 0;

  /** True if a result line for a provider line of this length will probably be kept. */
  hasRoom(length: number): boolean {
    return length <= MAX_LINE_BYTES && this.#bytes < MAX_BYTES;
  }

  /** Keeps a copy of a line. */
  keep({ line, model, end, usage }: CountedLine): CountedLine {
    const { length } = line;
    if (this.#used + length > this.#block.length) {
      const block = Buffer.allocUnsafeSlow(Math.max(length, BLOCK_BYTES));
      this.#blocks.push(block);
      this.#block = block;
      this.#bytes += this.#block.length;
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += line.copy(this.#block, start);
    return { line: this.#block.subarray(start, this.#used), model, end, usage };
  }

  /** Frees the lines at once: until the next garbage collection, those of the next round may need as much memory again. */
  [Symbol.dispose](): void {
    for (const { buffer } of this.#blocks.splice(0)) buffer.transfer(0);
    this.#block = Buffer.alloc(0);
  }
}
