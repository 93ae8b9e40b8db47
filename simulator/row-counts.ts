import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { HashTable } from '../src/reuse/hash-table.ts';
import { IdHash } from '../src/rows/ids/id-hash.ts';

/** Counts an answer: a number larger than that of the batches with one row. */
const ANSWER = 65_536;

/** A full part of the table grows by this factor. */
const GROWTH = 1.4;

const NEWLINE = 0x0a;

/**
 * How often each row was in a batch and was answered. The ids are in a file of JSON lines; memory has only their hashes, about
 * 20 bytes per row; a `Map` of ids takes more than 100.
 */
export class RowCounts {
  readonly #path: string;
  readonly #hash = new IdHash(1);
  /** The number of batches, plus {@link ANSWER} for each answer, in one word. */
  readonly #table = new HashTable(1, GROWTH);
  /** Rows whose counts changed since the last save. */
  #changed = new Set<string>();

  /** @param path the file, which may have the counts of an earlier simulator */
  constructor(path: string) {
    this.#path = path;
    for (const [id, counts] of savedCounts(path)) this.#add(id, counts - this.#get(id));
  }

  /**
   * Counts that a row is in a batch.
   * @returns how often the row was in a batch so far
   */
  countAttempt(customId: string): number {
    this.#changed.add(customId);
    return this.#add(customId, 1) % ANSWER;
  }

  /** Counts an answer of a row. Each answer is paid for, whether or not it is delivered. */
  countAnswer(customId: string): void {
    this.#changed.add(customId);
    this.#add(customId, ANSWER);
  }

  /** Number of answers per row, by custom_id. Reads the file. */
  answersPerRow(): ReadonlyMap<string, number> {
    const all = new Map(savedCounts(this.#path));
    for (const id of this.#changed) all.set(id, this.#get(id));
    if (all.size < this.#table.size) throw new Error(`The counts in ${this.#path} were deleted.`);
    const answers = [...all].map(([id, counts]) => [id, Math.floor(counts / ANSWER)] as const);
    return new Map(answers.filter(([, count]) => count > 0));
  }

  /** Appends to the file, because writing a million rows again would take longer than answering them. */
  save(): void {
    if (this.#changed.size === 0) return;
    const lines = [...this.#changed].map((id) => `${JSON.stringify([id, this.#get(id)])}\n`);
    this.#changed = new Set();
    appendFileSync(this.#path, lines.join(''));
  }

  #get(customId: string): number {
    this.#hash.take(customId);
    const found = this.#table.find(this.#hash.high, this.#hash.low);
    return found?.words[found.at] ?? 0;
  }

  /**
   * Adds to the counts of a row.
   * @returns the new counts
   */
  #add(customId: string, more: number): number {
    this.#hash.take(customId);
    const { high, low } = this.#hash;
    const found = this.#table.find(high, low);
    if (found === undefined) {
      this.#table.add(high, low, [more]);
      return more;
    }
    const counts = (found.words[found.at] ?? 0) + more;
    found.words[found.at] = counts;
    return counts;
  }
}

/** The counts in a file, in the order in which they were saved. A row's last counts are its current ones. */
function* savedCounts(path: string): Generator<readonly [id: string, counts: number]> {
  if (!existsSync(path)) return;
  const bytes = readFileSync(path);
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, start);
    yield JSON.parse(bytes.toString('utf8', start, end)) as [string, number];
    start = end + 1;
  }
}
