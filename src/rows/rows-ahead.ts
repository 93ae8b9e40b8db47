import type { Candidate, EarlierAnswers } from '../reuse/earlier-answers.ts';
import type { ReusedAnswer } from '../reuse/reused-line.ts';

/** Most bytes of waiting rows and of their possible answers. */
const WINDOW_BYTES = 32 * 1_048_576;

/** Least number of bytes that a waiting row counts. */
const LEAST_BYTES = 200;

/** A row that waits because an earlier job may have its answer, or because an earlier row waits. */
export interface WaitingRow {
  readonly candidate?: Candidate | undefined;
  /** Its size in memory, without the candidate's. */
  readonly bytes: number;
  /**
   * Writes the row into its shard.
   * @param answer undefined if no answer was found
   */
  readonly take: (answer: ReusedAnswer | undefined) => Promise<void> | undefined;
}

/** Rows that wait, in order, until there are enough to read their answers together. */
export class RowsAhead {
  readonly #answers: Pick<EarlierAnswers, 'look' | 'read'>;
  readonly #windowBytes: number;
  #waiting: WaitingRow[] = [];
  #bytes = 0;

  constructor(answers: Pick<EarlierAnswers, 'look' | 'read'>, windowBytes = WINDOW_BYTES) {
    this.#answers = answers;
    this.#windowBytes = windowBytes;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** A possible answer for a request line. */
  look(line: Buffer): Candidate | undefined {
    return this.#answers.look(line);
  }

  add(row: WaitingRow): Promise<void> | undefined {
    this.#waiting.push(row);
    this.#bytes += LEAST_BYTES + row.bytes + (row.candidate?.length ?? 0);
    return this.#bytes > this.#windowBytes ? this.flush() : undefined;
  }

  /** Writes all waiting rows into their shards. */
  async flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    const answers = await this.#answers.read(waiting.flatMap(({ candidate }) => candidate ?? []));
    for (const { candidate, take } of waiting) {
      const pending = take(candidate && answers.get(candidate));
      if (pending !== undefined) await pending;
    }
  }
}
