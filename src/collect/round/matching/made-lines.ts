import type { Usage } from '../../../checkpoints/counts.ts';
import type { CountedLine } from '../../lines/line-reader.ts';

const BLOCK_BYTES = 4 * 1_048_576;

/**
 * Most bytes of rendered result lines to keep in memory: 50,000 chats of 1,300 bytes. Other lines are read and rendered again
 * later.
 */
const MAX_BYTES = 16 * BLOCK_BYTES;

/** Longest line that is kept. Longer lines are read from disk again: finding a line takes the same time, whatever its length. */
const MAX_LINE_BYTES = 4_096;

/**
 * Blocks of rounds that have ended, for the next round of this thread. Using new memory for the first time
 * takes as long as filling it.
 */
const freeBlocks: Buffer<ArrayBuffer>[] = [];

/** Count of the numbers per line: its block, start and end, its kind, and the four parts of its usage. */
const FIELDS = 8;

/** The facts of a line that are the same for many lines. */
type LineKind = Pick<CountedLine, 'model' | 'end'>;

/**
 * Keeps rendered result lines between the provider's order and the input's, so that most lines need not be read from disk
 * again. The facts of a line are numbers in one array: with objects, garbage collections took a tenth of a collect's time.
 */
export class MadeLines implements Disposable {
  readonly #blocks: Buffer<ArrayBuffer>[] = [];
  #block: Buffer = Buffer.alloc(0);
  #used = 0;
  #bytes = 0;
  #records = new Float64Array(1_024 * FIELDS);
  #count = 0;
  /** One entry for each line whose kind is not that of the line before it. */
  readonly #kinds: LineKind[] = [];

  /** True if a result line for a provider line of this length will probably be kept. */
  hasRoom(length: number): boolean {
    return length <= MAX_LINE_BYTES && this.#bytes < MAX_BYTES;
  }

  /**
   * Keeps a copy of a line.
   * @returns its number, for {@link read}
   */
  keep({ line, model, end, usage }: CountedLine): number {
    const { length } = line;
    if (this.#used + length > this.#block.length) this.#addBlock();
    const start = this.#used;
    this.#used += line.copy(this.#block, start);
    const number = this.#count;
    this.#count += 1;
    const at = number * FIELDS;
    if (at === this.#records.length) this.#grow();
    const records = this.#records;
    records[at] = this.#blocks.length - 1;
    records[at + 1] = start;
    records[at + 2] = this.#used;
    records[at + 3] = this.#kindOf(model, end);
    records[at + 4] = usage.inputTokens;
    records[at + 5] = usage.outputTokens;
    records[at + 6] = usage.energy;
    records[at + 7] = usage.credits;
    return number;
  }

  /** The line with this number. Its bytes are not copied. */
  read(number: number): CountedLine {
    const records = this.#records;
    const at = number * FIELDS;
    const block = this.#blocks[records[at] as number] as Buffer;
    const { model, end } = this.#kinds[records[at + 3] as number] as LineKind;
    const usage: Usage = {
      inputTokens: records[at + 4] as number,
      outputTokens: records[at + 5] as number,
      energy: records[at + 6] as number,
      credits: records[at + 7] as number,
    };
    return { line: block.subarray(records[at + 1], records[at + 2]), model, end, usage };
  }

  /** Leaves the memory to the next round. The lines must not be read any more. */
  [Symbol.dispose](): void {
    freeBlocks.push(...this.#blocks.splice(0));
    this.#block = Buffer.alloc(0);
    this.#bytes = MAX_BYTES;
  }

  /** A line is much shorter than a block. */
  #addBlock(): void {
    const block = freeBlocks.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#blocks.push(block);
    this.#block = block;
    this.#bytes += block.length;
    this.#used = 0;
  }

  #grow(): void {
    const records = new Float64Array(2 * this.#records.length);
    records.set(this.#records);
    this.#records = records;
  }

  #kindOf(model: LineKind['model'], end: LineKind['end']): number {
    const last = this.#kinds.at(-1);
    if (last === undefined || last.model !== model || last.end !== end) this.#kinds.push({ model, end });
    return this.#kinds.length - 1;
  }
}
