import { followLine } from '../reuse/follow-line.ts';
import type { Leaders } from '../reuse/leaders.ts';
import type { MadeRequest } from './request-maker.ts';
import type { KnownRow } from './open-shard.ts';

/** Answers that are known before the job sends anything, such as those of a sample. */
export interface KnownAnswers {
  /** Moves to the next row of the job; called once for each row, valid or not. */
  next?(): Promise<void> | undefined;
  /** The row's line in the results of its shard; undefined if the answer is not known. */
  find(request: MadeRequest, position: number): KnownRow | undefined | Promise<KnownRow | undefined>;
}

/** Finds the rows whose request an earlier row of the job has. */
export type Following = Pick<Leaders, 'leaderOf' | 'isRepeated' | 'addAnswered'>;

/**
 * Finds the rows that are not sent because their answer is known, or because an earlier row of the job has the same request.
 * Tries the sources of answers in order, and earlier rows last.
 */
export class KnownRows {
  readonly #answers: readonly KnownAnswers[];
  readonly #leaders: Following | undefined;

  constructor(answers: readonly KnownAnswers[], leaders: Following | undefined) {
    this.#answers = answers;
    this.#leaders = leaders;
  }

  /** Moves to the next row. Returns a promise only if there is something to wait for. */
  next(): Promise<void> | undefined {
    let pending: Promise<void> | undefined;
    for (const answers of this.#answers) {
      const moved = answers.next?.();
      if (moved !== undefined) pending = pending === undefined ? moved : pending.then(() => moved);
    }
    return pending;
  }

  /**
   * The known answer of the row; undefined if there is none.
   * @param from the first source to try
   */
  find(
    request: MadeRequest,
    position: number,
    from = 0,
  ): KnownRow | undefined | Promise<KnownRow | undefined> {
    const answers = this.#answers[from];
    if (answers === undefined) return undefined;
    const found = answers.find(request, position);
    const lead = (known: KnownRow | undefined): KnownRow | undefined | Promise<KnownRow | undefined> => {
      if (known === undefined) return this.find(request, position, from + 1);
      this.#leaders?.addAnswered(request, position);
      return known;
    };
    return found instanceof Promise ? found.then(lead) : lead(found);
  }

  /** The line of a row that follows an earlier one; undefined for a row that is sent. */
  follow(request: MadeRequest, position: number): KnownRow | undefined {
    const leader = this.#leaders?.leaderOf(request, position);
    if (leader === undefined) return undefined;
    return { kind: 'deduplicated', line: followLine(request.customId, leader) };
  }

  /** True if the row must have a separate answer, and an earlier row may already use the answer of the earlier job. */
  isRepeated(request: MadeRequest, position: number): boolean {
    return this.#leaders?.isRepeated(request, position) ?? true;
  }
}
