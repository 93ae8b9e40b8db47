import type { Failure } from '../errors.ts';
import type { BatchError } from '../provider/batch-provider.ts';
import type { Verdict } from './classify-line.ts';

/** What becomes of a row in a round. */
export type Fate = 'ok' | 'failed' | 'exhausted' | 'deferred';

/** What is known of a round beside its result lines. */
export interface RoundFacts {
  readonly round: number;
  readonly lastRound: number;
  /** The account was denied: nothing is decided about rows that another day may answer. */
  readonly halted: boolean;
  /** The provider refused the round's file or batch as a whole. */
  readonly refusal: Failure | undefined;
  /** Lines (0-based) that a failed validation names. */
  readonly namedLines: ReadonlyMap<number, BatchError>;
}

/** The fate of the row at this place, from the kind of its result line (`undefined`: it has none). */
export function decideRow(kind: Verdict['kind'] | undefined, ordinal: number, facts: RoundFacts): Fate {
  if (kind === 'ok') return 'ok';
  if (kind === 'permanent') return 'failed';
  if (kind === undefined && (facts.refusal !== undefined || facts.namedLines.has(ordinal))) return 'failed';
  return facts.halted || facts.round < facts.lastRound ? 'deferred' : 'exhausted';
}

/** Rounds given back at most, over a shard's life: each cost nothing, but a loop must end. */
const MAX_GIFTS = 16;

/**
 * The last round a shard may run after this one. A round that answered nothing and cost nothing is given back: the job
 * was halted, or the batch failed validation and named lines, which leave.
 */
export function lastRoundAfter(facts: Omit<RoundFacts, 'refusal'>, rounds: number, answered: number): number {
  const free = facts.halted || (facts.namedLines.size > 0 && answered === 0);
  return free ? Math.min(facts.lastRound + 1, rounds + MAX_GIFTS) : facts.lastRound;
}
