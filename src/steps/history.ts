/**
 * What a shard's execution may do before Step Functions ends it: 25,000 events, and nothing can catch that. A Task costs 5,
 * a Wait or a Choice 2, a retry 3: a turn of wait, poll and choice costs 9.
 */
export const EVENTS_PER_POLL = 9;

/** Upload, create, collect, their choices and wait, and a cancel. */
const EVENTS_PER_ROUND = 28;

/**
 * No further round is begun beyond this. It leaves 10,000: 500 polls are 4,500, 600 retries of a provider that has no room
 * are 1,800, and the rest is for polls that have to be tried again.
 */
const MAX_SPENT = 15_000;

/** A look at a batch that ended and shows less than it promised, beside its poll: collect and choice. */
const EVENTS_PER_LOOK = 7;

/** A call of the collect that ran short of time, and its choice. */
const EVENTS_PER_COLLECT = 7;

/** How often a round polled its batch, how often it collected in vain, and how often it ran short of time. */
export interface RoundTurns {
  readonly polls: number;
  readonly looks?: number;
  readonly collects?: number;
}

/** Events spent so far, with a round of so many turns. */
export function spentEvents(
  before: number | undefined,
  { polls, looks = 0, collects = 0 }: RoundTurns,
): number {
  const turns = EVENTS_PER_POLL * polls + EVENTS_PER_LOOK * looks + EVENTS_PER_COLLECT * collects;
  return (before ?? 0) + EVENTS_PER_ROUND + turns;
}

/** Whether another round could be cut off in its middle. */
export function isNearlyFull(spent: number): boolean {
  return spent > MAX_SPENT;
}
