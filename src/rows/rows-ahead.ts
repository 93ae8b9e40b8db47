import type { Candidate, EarlierAnswers } from '../reuse/earlier-answers.ts';
import type { ReusedAnswer } from '../reuse/reused-line.ts';

/** Bytes of rows that wait, and of the answers that they may have. */
const WINDOW_BYTES = 32 * 1_048_576;

/** What a row that waits takes at least. */
const LEAST_BYTES = 200;

/** A row that waits because it may have an answer of an earlier job, or because a row before it does. */
export interface WaitingRow {
  readonly candidate?: Candidate | undefined;
  /** Bytes that it holds in memory, without those of the candidate. */
  readonly bytes: number;
  /** Puts the row into its shard. @param answer undefined for a row that has none after all */
  readonly take: (answer: ReusedAnswer | undefined) => Promise<void> | undefined;
}

/** Rows in their order, which wait until there are enough of them to read their answers together. */
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

  /** The answer that a request line may have. */
  look(line: Buffer): Candidate | undefined {
    return this.#answers.look(line);
  }

  add(row: WaitingRow): Promise<void> | undefined {
    this.#waiting.push(row);
    this.#bytes += LEAST_BYTES + row.bytes + (row.candidate?.length ?? 0);
    return this.#bytes > this.#windowBytes ? this.flush() : undefined;
  }

  /** Puts all rows that wait into their shards. */
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
