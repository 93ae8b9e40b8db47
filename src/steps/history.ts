/**
 * Counts the history events of a shard's execution. Step Functions ends an execution at 25,000 events, and nothing can catch
 * that. A Task costs 5, a Wait or a Choice 2, a retry 3, so a turn of wait, poll and choice costs 9.
 */
export const EVENTS_PER_POLL = 9;

/** Upload, create and collect with their choices and wait, and a cancel. */
const EVENTS_PER_ROUND = 28;

/**
 * No further round begins beyond this. It leaves 10,000 events: 500 polls take 4,500, 600 retries for room at the provider take
 * 1,800, and the rest is for retried polls.
 */
const MAX_SPENT = 15_000;

/** Events of a look at an ended batch that shows less output than it promised, in addition to its poll: collect and choice. */
const EVENTS_PER_LOOK = 7;

/** Events of a call of collect that ran short of time, with its choice. */
const EVENTS_PER_COLLECT = 7;

/** Number of polls, of collects without a result, and of collects that ran short of time in a round. */
export interface RoundTurns {
  readonly polls: number;
  readonly looks?: number;
  readonly collects?: number;
}

/** Events so far, including a round with the given turns. */
export function spentEvents(
  before: number | undefined,
  { polls, looks = 0, collects = 0 }: RoundTurns,
): number {
  const turns = EVENTS_PER_POLL * polls + EVENTS_PER_LOOK * looks + EVENTS_PER_COLLECT * collects;
  return (before ?? 0) + EVENTS_PER_ROUND + turns;
}

/** True if another round might not finish within the limit. */
export function isNearlyFull(spent: number): boolean {
  return spent > MAX_SPENT;
}
