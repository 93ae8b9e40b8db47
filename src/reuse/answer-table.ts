import type { AnswerEntry } from './answer-index.ts';
import { HashTable } from './hash-table.ts';

/**
 * The 32-bit words of an entry: the job; the lower half of the position; the upper parts of position and check; the lower half of
 * the check; the length.
 */
const WORDS = 5;
const WORD = 2 ** 32;
const HALF = 2 ** 16;

/** An entry with the job of its line, as an index into a list. */
export interface FoundEntry extends Pick<AnswerEntry, 'start' | 'length' | 'check'> {
  readonly job: number;
}

/**
 * Entries of many indexes in memory, by the first 64 bits of their fingerprints: 28 bytes each, plus the free space of a hash
 * table.
 */
export class AnswerTable {
  readonly #entries = new HashTable(WORDS);

  get size(): number {
    return this.#entries.size;
  }

  /** Adds an entry unless its fingerprint exists. */
  add({ high, low, start, length, check }: AnswerEntry, job: number): void {
    // Two zeros mark an empty entry in the table, so the fingerprint of two zeros cannot be stored.
    if ((high === 0 && low === 0) || this.#entries.find(high, low) !== undefined) return;
    const uppers = Math.floor(start / WORD) * HALF + Math.floor(check / WORD);
    this.#entries.add(high, low, [job, start % WORD, uppers, check % WORD, length]);
  }

  find(high: number, low: number): FoundEntry | undefined {
    const found = this.#entries.find(high, low);
    if (found === undefined) return undefined;
    const { words, at } = found;
    const [job = 0, startLow = 0, uppers = 0, checkLow = 0, length = 0] = words.subarray(at, at + WORDS);
    return {
      job,
      start: Math.floor(uppers / HALF) * WORD + startLow,
      check: (uppers % HALF) * WORD + checkLow,
      length,
    };
  }
}
