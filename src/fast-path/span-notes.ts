import type { Spans } from './shapes/splice.ts';

/** Most memory for notes. A row of a chat takes about 80 bytes: 100,000 rows. */
const MAX_BYTES = 8 * 1_048_576;
const BLOCK_BITS = 16;
const BLOCK_LENGTH = 1 << BLOCK_BITS;
const MAX_BLOCKS = MAX_BYTES / Int32Array.BYTES_PER_ELEMENT / BLOCK_LENGTH;

/** The purpose for which a line is noted. */
interface Use {
  /** Number of slots of its shape. */
  readonly slotCount: number;
}

/** A noted line: its use, and the positions of its slots. */
export interface Noted<T> {
  readonly use: T;
  readonly spans: Spans;
}

/**
 * Positions of lines' slots, kept between the first and the second reading of a file. They are numbers in blocks, because an
 * array per line would take three times the memory.
 */
export class SpanNotes<T extends Use> {
  readonly #uses: T[] = [];
  readonly #blocks: Int32Array[] = [];
  /** Position of the next note, counted over all blocks. */
  #next = 0;
  readonly #spans = new Int32Array(128);

  /**
   * Notes a line's slots.
   * @returns a number for {@link read}; undefined if there is no more room
   */
  keep(use: T, spans: Spans): number | undefined {
    const numbers = 2 * use.slotCount;
    const length = 1 + numbers;
    if ((this.#next & (BLOCK_LENGTH - 1)) + length > BLOCK_LENGTH)
      this.#next = this.#blocks.length << BLOCK_BITS;
    const note = this.#next;
    const block = this.#blockAt(note);
    if (block === undefined) return undefined;
    let at = note & (BLOCK_LENGTH - 1);
    block[at] = this.#numberOf(use);
    for (let n = 0; n < numbers; n += 1) block[(at += 1)] = spans[n] as number;
    this.#next += length;
    return note;
  }

  /** Reads a note. The next call overwrites its spans. */
  read(note: number): Noted<T> {
    const block = this.#blocks[note >>> BLOCK_BITS] as Int32Array;
    let at = note & (BLOCK_LENGTH - 1);
    const use = this.#uses[block[at] as number] as T;
    const numbers = 2 * use.slotCount;
    for (let n = 0; n < numbers; n += 1) this.#spans[n] = block[(at += 1)] as number;
    return { use, spans: this.#spans };
  }

  #blockAt(note: number): Int32Array | undefined {
    const nth = note >>> BLOCK_BITS;
    if (nth === this.#blocks.length && nth < MAX_BLOCKS) this.#blocks.push(new Int32Array(BLOCK_LENGTH));
    return this.#blocks[nth];
  }

  #numberOf(use: T): number {
    const known = this.#uses.indexOf(use);
    return known === -1 ? this.#uses.push(use) - 1 : known;
  }
}
