import type { Failure } from '../../errors.ts';
import type { BatchError } from '../../provider/batch-provider.ts';
import type { Verdict } from '../lines/classify-line.ts';

/** What becomes of a row in a round. */
export type Fate = 'ok' | 'failed' | 'exhausted' | 'invalid_output' | 'deferred';

/** What decides about the rows of a round, beside their result lines, and about the round after it. */
export interface RoundDecision {
  readonly round: number;
  readonly lastRound: number;
  /** The last round for rows that had an answer. Rows that could not be sent may have more rounds. */
  readonly lastForAnswered?: number;
  /** So many requests at the front were answered in earlier rounds, and have had all of theirs. */
  readonly spent?: number;
  /** The account was denied: nothing is decided about rows that another day may answer. */
  readonly halted: boolean;
  /** The provider refused the round's file or batch as a whole. */
  readonly rejection: Failure | undefined;
  /** Rows (by ordinal) that the failure of the file names. */
  readonly namedLines: ReadonlyMap<number, NamedRow>;
  /** Requests that were sent: the first so many of the round. */
  readonly sent: number;
  /** The round cost nothing and is no fault of its rows: the provider had no room for it, or lost its file. */
  readonly givenBack: boolean;
  /** The file failed for a row that is not named: the next one is smaller, and the search for the row ends by itself. */
  readonly searching?: boolean;
  /** Error of a row without a result line, where nothing names the row. */
  readonly missingError: Pick<Failure, 'code' | 'message'>;
  /** The batch expired, and the step above takes the rows that it has left. */
  readonly expired?: boolean;
  /** How the next round is sent, when not as a batch. */
  readonly sendNext?: 'direct';
}

/** What the failure of a file says of one of its rows. */
export interface NamedRow extends BatchError {
  /** Another round may do. */
  readonly isPassing?: boolean;
}

const fails = (named: NamedRow | undefined): boolean => named !== undefined && named.isPassing !== true;

/** The fate of a row whose answer does not match what it must. */
export function decideInvalidOutput(again: boolean, ordinal: number, decision: RoundDecision): Fate {
  return again && isFollowed(decision, ordinal) ? 'deferred' : 'invalid_output';
}

/** The fate of the row with this ordinal, from the kind of its result line (`undefined`: it has none). */
export function decideRow(kind: Verdict['kind'] | undefined, ordinal: number, facts: RoundDecision): Fate {
  if (kind === 'ok') return 'ok';
  if (kind === 'permanent' || (kind === 'halting' && !facts.halted)) return 'failed';
  const refused = facts.rejection !== undefined && ordinal < facts.sent;
  if (kind === undefined && (refused || fails(facts.namedLines.get(ordinal)))) return 'failed';
  return isFollowed(facts, kind === undefined ? undefined : ordinal) ? 'deferred' : 'exhausted';
}

/**
 * Whether a row without a final outcome has another round.
 * @param answered its ordinal, if it was answered: it may be paid for
 */
function isFollowed(
  { round, lastRound, lastForAnswered = lastRound, spent = 0, halted }: RoundDecision,
  answered: number | undefined,
): boolean {
  if (halted || answered === undefined) return halted || round < lastRound;
  return answered >= spent && round < lastForAnswered;
}

/** Rounds given back at most, over a shard's life: each cost nothing, but a loop must end. */
export const MAX_GIFTS = 16;

/** Requests of a round, and those of them with a result line. */
export interface RequestCounts {
  readonly requests: number;
  readonly answered: number;
}

/**
 * The last round a shard may run after this one. A round that answered nothing and cost nothing is given back: the job
 * was halted, the batch failed validation and named lines, which leave, or the provider had no room. One that had room
 * for a part of the rows brings another one for the rest, and so does one of the search for a row that fails its file.
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
