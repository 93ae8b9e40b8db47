import type { Failure } from '../../../errors.ts';
import type { WrittenRows } from '../../../checkpoints/round/writing.ts';
import type { UnreadableLine } from '../../../checkpoints/round/collected.ts';
import type { RoundDecision } from './decide-row.ts';
import type { RoundIndex } from '../matching/round-index.ts';

type LostSoFar = WrittenRows['lost'];

/**
 * Rows without a result whose lines may exist: as lines that cannot be read, or as lines that match no row. Such a row may be
 * paid for, so each is sent again at most once. If there are fewer such lines than missing rows, each missing row may belong to
 * one of them.
 */
export class LostRows {
  readonly #index: RoundIndex;
  readonly #before: ReadonlySet<string>;
  /** Number of lines that may belong to any of the missing rows. */
  readonly strays: number;
  readonly #sent: number;
  #brokenAgain = 0;
  /** Ids of rows that are sent again. */
  readonly again: string[] = [];

  /** @param before ids that earlier rounds sent again */
  constructor(
    index: RoundIndex,
    { sent, givenBack }: Pick<RoundDecision, 'sent' | 'givenBack'>,
    before: ReadonlySet<string>,
  ) {
    this.#index = index;
    this.#before = before;
    this.#sent = sent;
    this.strays = givenBack ? 0 : index.unknown + index.unreadable - index.brokenRows;
  }

  /** The state after the rows so far. Another call continues from it. */
  get state(): LostSoFar {
    return { again: this.again, brokenAgain: this.#brokenAgain };
  }

  /** Continues after the rows that an earlier call has written. */
  continueFrom({ again, brokenAgain }: LostSoFar): void {
    this.again.push(...again);
    this.#brokenAgain = brokenAgain;
  }

  /** Upper bound of the rows that are sent again although they were paid for: one row per line that cannot be matched or read. */
  get paidTwice(): number {
    return this.#brokenAgain + Math.min(this.strays, this.again.length - this.#brokenAgain);
  }

  /** The error of a row without a result; undefined if no unreadable or unmatched line explains it. */
  errorOf(ordinal: number): Pick<Failure, 'code' | 'message'> | undefined {
    const broken = this.#index.brokenLine(ordinal);
    if (broken !== undefined) return { code: UNREADABLE_RESULT, message: describeLine(broken) };
    if (this.strays === 0 || ordinal >= this.#sent) return undefined;
    const { unknown, unreadable, unreadableLines } = this.#index;
    const [first] = unreadableLines;
    const example = first === undefined ? '' : ` ${describeLine(first)}`;
    const message = `The batch’s files have ${unreadable} lines that cannot be read and ${unknown} of unknown rows; one of them may be this row’s.${example}`;
    return { code: UNREADABLE_RESULT, message };
  }

  /** True if the row may be sent again. */
  askAgain(ordinal: number, customId: string): boolean {
    if (this.#before.has(customId)) return false;
    if (this.#index.brokenLine(ordinal) !== undefined) this.#brokenAgain += 1;
    this.again.push(customId);
    return true;
  }
}

/** Code of a row whose line cannot be read. */
export const UNREADABLE_RESULT = 'UNREADABLE_RESULT';

const NAMES = { output: 'output file', errors: 'error file' } as const;

function describeLine({ file, line, excerpt }: UnreadableLine): string {
  return `Line ${line} of the ${NAMES[file]} cannot be read; it begins with: ${excerpt}`;
}
