import type { Failure } from '../../../errors.ts';
import type { BatchError } from '../../../provider/batch-provider.ts';
import type { Verdict } from '../../lines/classify-line.ts';

/** The result of a round for one row. */
export type Fate = 'ok' | 'failed' | 'exhausted' | 'invalid_output' | 'deferred';

/**
 * The facts that decide the outcomes of a round's rows, in addition to their result lines, and the facts that decide the next
 * round.
 */
export interface RoundDecision {
  readonly round: number;
  readonly lastRound: number;
  /** The last round for rows that had an answer. Rows that could not be sent may get more rounds. */
  readonly lastForAnswered?: number;
  /** Number of requests at the front that earlier rounds answered and that have used all of their rounds. */
  readonly spent?: number;
  /** True if the account was denied: rows that a later round may answer stay undecided. */
  readonly halted: boolean;
  /** Set if the provider rejected the round's file or batch as a whole. */
  readonly rejection: Failure | undefined;
  /** Rows (by ordinal) that the failure of the file names. */
  readonly namedLines: ReadonlyMap<number, NamedRow>;
  /** Number of requests that were sent, from the first on. */
  readonly sent: number;
  /** True if the round cost nothing and its rows were not the cause: the provider had no room, or lost the file. */
  readonly givenBack: boolean;
  /** True if the file failed because of an unnamed row. The next file is smaller, so the search ends by itself. */
  readonly searching?: boolean;
  /** Error of a row without a result line that nothing else explains. */
  readonly missingError: Pick<Failure, 'code' | 'message'>;
  /** True if the batch expired, and the next step of the ladder takes the rows without an answer. */
  readonly expired?: boolean;
  /** Set if the next round is not sent as a batch. */
  readonly sendNext?: 'direct';
}

/** The part of a file's failure that concerns one of its rows. */
export interface NamedRow extends BatchError {
  /** True if another round may succeed. */
  readonly isTransient?: boolean;
}

const fails = (named: NamedRow | undefined): boolean => named !== undefined && named.isTransient !== true;

/** The fate of a row whose answer does not match its schema. */
export function decideInvalidOutput(again: boolean, ordinal: number, decision: RoundDecision): Fate {
  return again && isFollowed(decision, ordinal) ? 'deferred' : 'invalid_output';
}

/** The fate of the row with this ordinal, by the kind of its result line (`undefined` if it has none). */
export function decideRow(kind: Verdict['kind'] | undefined, ordinal: number, facts: RoundDecision): Fate {
  if (kind === 'ok') return 'ok';
  if (kind === 'permanent' || (kind === 'halting' && !facts.halted)) return 'failed';
  const isRejected = facts.rejection !== undefined && ordinal < facts.sent;
  if (kind === undefined && (isRejected || fails(facts.namedLines.get(ordinal)))) return 'failed';
  return isFollowed(facts, kind === undefined ? undefined : ordinal) ? 'deferred' : 'exhausted';
}

/**
 * True if a row without a final outcome gets another round.
 * @param answered the row's ordinal if it was answered; such a row may be paid for
 */
function isFollowed(
  { round, lastRound, lastForAnswered = lastRound, spent = 0, halted }: RoundDecision,
  answered: number | undefined,
): boolean {
  if (halted || answered === undefined) return halted || round < lastRound;
  return answered >= spent && round < lastForAnswered;
}

/** Most rounds of a shard that do not count. Each of them cost nothing, but the loop must end. */
export const MAX_GIFTS = 16;

/** Number of requests of a round, and of those with a result line. */
export interface RequestCounts {
  readonly requests: number;
  readonly answered: number;
}

/**
 * The last round that a shard may run, after this one. A round without answers and cost does not count: the job was halted, the
 * batch failed its validation and named rows, which fail, or the provider had no room. A round with only a part of the rows adds
 * a round for the others. So does each round of the search for a row that makes its file fail.
 */
export function lastRoundAfter(
  decision: Omit<RoundDecision, 'missingError'>,
  { requests, answered }: RequestCounts,
  rounds: number,
): number {
  const { lastRound, halted, rejection, namedLines, givenBack, sent } = decision;
  if (decision.searching === true) return lastRound + 1;
  if (sent < requests && (answered > 0 || rejection !== undefined)) return lastRound + 1;
  const free = halted || givenBack || (answered === 0 && [...namedLines.values()].some(fails));
  return free && lastRound < rounds + MAX_GIFTS ? lastRound + 1 : lastRound;
}
