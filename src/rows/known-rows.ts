import { followLine } from '../reuse/follow-line.ts';
import type { Leaders } from '../reuse/leaders.ts';
import type { MadeRequest } from './request-maker.ts';
import type { KnownRow } from './open-shard.ts';

/** Answers that are known before the job sends anything, such as those of a sample. */
export interface KnownAnswers {
  /** Moves on to the next row of the job; called once for each row, valid or not. */
  next?(): Promise<void> | undefined;
  /**
   * The line that stands for the row in the results of its shard; undefined for a row without a known answer.
   * @param position the row's own, counted from 0
   */
  find(request: MadeRequest, position: number): KnownRow | undefined | Promise<KnownRow | undefined>;
}

/** Knows the rows whose request an earlier row of the job has. */
export type Following = Pick<Leaders, 'leaderOf' | 'isRepeated' | 'addAnswered'>;

/**
 * Finds the rows that are not sent because their answer is known, or because an earlier row of the job has the same request.
 * Sources of answers are asked in their order, earlier rows last.
 */
export class KnownRows {
  readonly #answers: readonly KnownAnswers[];
  readonly #leaders: Following | undefined;

  constructor(answers: readonly KnownAnswers[], leaders: Following | undefined) {
    this.#answers = answers;
    this.#leaders = leaders;
  }

  /** Moves on to the next row. Returns a promise only if there is something to wait for. */
  next(): Promise<void> | undefined {
    let pending: Promise<void> | undefined;
    for (const answers of this.#answers) {
      const moved = answers.next?.();
      if (moved !== undefined) pending = pending === undefined ? moved : pending.then(() => moved);
    }
    return pending;
  }

  /**
   * The answer of the row that is known; undefined when there is none.
   * @param from the first source to ask
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

  /** What stands for a row that follows an earlier one; undefined for a row that is sent. */
  follow(request: MadeRequest, position: number): KnownRow | undefined {
    const leader = this.#leaders?.leaderOf(request, position);
    if (leader === undefined) return undefined;
    return { kind: 'deduplicated', line: followLine(request.customId, leader) };
  }

  /** Whether the row wants an answer of its own, and an earlier row of the job may have taken the one that an earlier job has. */
  isRepeated(request: MadeRequest, position: number): boolean {
    return this.#leaders?.isRepeated(request, position) ?? true;
  }
}
