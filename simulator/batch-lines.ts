import { closeSync, openSync, readSync } from 'node:fs';
import { frameLines } from '../src/jsonl/lines.ts';
import type { SimulatorState } from './state.ts';

const MAX_LINE_BYTES = 512 * 1_048_576;

/** Numbers per line: its position, its length. */
const STRIDE = 2;

/** The lines of a batch's input file by their ordinals. Memory has only their positions; the lines are read from the file. */
export class BatchLines implements Disposable {
  readonly #ranges: Float64Array;
  readonly #fd: number;
  #read = Buffer.alloc(0);

  private constructor(ranges: Float64Array, path: string) {
    this.#ranges = ranges;
    this.#fd = openSync(path, 'r');
  }

  /**
   * Finds the lines of a batch's input file.
   * @param most upper limit of the number of lines
   */
  static async open(state: SimulatorState, fileId: string, most: number): Promise<BatchLines> {
    const ranges = new Float64Array(STRIDE * most);
    let end = 0;
    for await (const lines of frameLines(state.content(fileId), MAX_LINE_BYTES)) {
      for (const { start, bytes } of lines) {
        if (bytes === undefined) continue;
        ranges[end] = start;
        ranges[end + 1] = bytes.length;
        end += STRIDE;
      }
    }
    return new BatchLines(ranges.subarray(0, end), state.contentPath(fileId));
  }

  get size(): number {
    return this.#ranges.length / STRIDE;
  }

  text(ordinal: number): string {
    const start = this.#ranges[STRIDE * ordinal] ?? 0;
    const length = this.#ranges[STRIDE * ordinal + 1] ?? 0;
    if (length > this.#read.length) this.#read = Buffer.allocUnsafeSlow(2 * length);
    const bytes = readSync(this.#fd, this.#read, 0, length, start);
    return this.#read.toString('utf8', 0, bytes);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
