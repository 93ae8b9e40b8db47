import type { PollLimits } from '../checkpoints/profile.ts';
import type { BatchCounts } from '../provider/batch-provider.ts';

/**
 * Computes when to poll a batch again. Pure: the Lambda, the tests that count history events and the scale model use the same
 * rule.
 *
 * One turn of wait, poll and choice costs 9 of Step Functions' 25,000 history events. Therefore the wait grows with the batch's
 * age, up to 1/96 of its window (15 min of 24 h), and the number of polls hardly depends on the window.
 */
export interface PollState {
  /** All three in seconds since 1970. */
  readonly now: number;
  readonly createdAt: number;
  readonly deadline: number;
  /** Number of polls of this batch so far, including this one. */
  readonly polls: number;
  readonly counts: BatchCounts | undefined;
}

/** After this many polls, progress no longer shortens the wait: a batch stuck at 99.9 % would be polled without end. */
const MAX_HURRIED_POLLS = 250;

/** After this many polls a batch is overdue, even before its deadline: 4 rounds x 500 polls x 9 events = 18,000 of 25,000. */
export const MAX_POLLS_PER_ROUND = 500;

/**
 * While counters show a batch's pace, the wait may be this many times longer, because the pace predicts the end. If the pace
 * changes suddenly, the end is noticed later: by at most this many times the polling fraction of the batch's age, and by at
 * most the longest wait.
 */
const COUNTED = 3;

/** Longest wait as a share of the completion window, if that is more than the profile's `maxSeconds`. */
const MAX_WAIT_PER_WINDOW = 1 / 96;

/** Seconds until the next poll: a whole number, at least the profile's minimum. `random` is in [0, 1). */
export function pollWaitSeconds(state: PollState, limits: PollLimits, random: number): number {
  const age = Math.max(0, state.now - state.createdAt);
  const longest = Math.max(limits.maxSeconds, windowSeconds(state, limits) * MAX_WAIT_PER_WINDOW);
  const left = halfTimeLeft(state, age);
  const wanted = left === Infinity ? age * limits.fraction : Math.min(age * limits.fraction * COUNTED, left);
  const jittered = wanted * (0.9 + 0.2 * random);
  const wait = Math.ceil(Math.min(Math.max(limits.minSeconds, jittered), longest));
  // Few polls are left in the history, and the batch may run for another day.
  return state.polls > MAX_POLLS_PER_ROUND ? Math.max(wait, CANCEL_AGAIN_SECONDS) : wait;
}

/** True if the batch must be cancelled and collected now. */
export function isOverdue(state: PollState): boolean {
  return state.now >= state.deadline || state.polls >= MAX_POLLS_PER_ROUND;
}

function windowSeconds({ createdAt, deadline }: PollState, { graceSeconds }: PollLimits): number {
  return deadline - createdAt - graceSeconds;
}

/** Half of the remaining time at the batch's current pace; infinite without usable progress. */
function halfTimeLeft({ counts, polls }: PollState, age: number): number {
  if (counts === undefined || polls > MAX_HURRIED_POLLS) return Infinity;
  const done = counts.succeeded + counts.failed;
  if (done <= 0 || done >= counts.total) return Infinity;
  return (age * (counts.total - done)) / done / 2;
}

/** Longest delay of a poll beyond its wait, in seconds: more than an outage of an hour, at the provider or here, can cause. */
const MAX_POLL_DELAY_SECONDS = 4 * 3_600;

/**
 * Seconds between two polls, by a clock that may jump: at least the wait, which the machine did spend, and at most the wait plus
 * the poll's longest retries.
 */
export function elapsedSeconds(byTheClock: number, waitSeconds: number): number {
  return Math.min(Math.max(byTheClock, waitSeconds), waitSeconds + MAX_POLL_DELAY_SECONDS);
}

/** How long a cancelled batch may take to end; providers document up to 10 minutes. */
const CANCEL_GRACE_SECONDS = 3_600;

/** Polls beyond {@link MAX_POLLS_PER_ROUND} of a batch whose cancel has no effect: 17 events each with a cancel, 2,550 in all. */
const MAX_POLLS_AFTER_CANCEL = 150;

/**
 * True if the time in which a cancelled batch could still be running is over.
 * @param cancelledAt when it was first cancelled, seconds since 1970
 */
export function isGivenUp({ now, deadline, polls }: PollState, cancelledAt: number): boolean {
  if (polls >= MAX_POLLS_PER_ROUND + MAX_POLLS_AFTER_CANCEL) return true;
  return now >= Math.max(deadline, cancelledAt) + CANCEL_GRACE_SECONDS;
}

/** Seconds between two cancels of a batch that is still running. A cancel may be repeated any number of times. */
const CANCEL_AGAIN_SECONDS = 900;

/** Seconds until a batch that is still running is cancelled again, after the given number of consecutive failed cancels. */
export function cancelWaitSeconds(failures: number, { minSeconds }: PollLimits): number {
  if (failures === 0) return CANCEL_AGAIN_SECONDS;
  return Math.min(minSeconds * 2 ** Math.min(failures - 1, 10), CANCEL_AGAIN_SECONDS);
}

/**
 * How long a batch must be missing, by its id and in the complete list, before it counts as gone, in seconds. Its rows are then
 * sent again.
 */
export const NOT_FOUND_PATIENCE_SECONDS = 1_800;

/** How long to search for a batch if the provider's list cannot be read, in seconds. Its rows are not sent again. */
export const UNCLEAR_PATIENCE_SECONDS = 3 * 3_600;

/**
 * True if a batch has been missing for so long that it counts as lost.
 * @param absentSeconds how long every look has found it missing; undefined if a look could not decide
 */
export function isGone(absentSeconds: number | undefined): boolean {
  return absentSeconds !== undefined && absentSeconds >= NOT_FOUND_PATIENCE_SECONDS;
}

/**
 * True if no look has decided for so long whether a batch exists that the search ends.
 * @param missedSeconds how long no look has found it
 */
export function isUnclearForLong(missedSeconds: number): boolean {
  return missedSeconds >= UNCLEAR_PATIENCE_SECONDS;
}

/** Most looks for a missing batch, however short the profile's waits are. */
const MAX_LOOKS_FOR_MISSING = 100;

/** Seconds until the next look for a missing batch; doubles with every consecutive miss. */
export function notFoundWaitSeconds(misses: number, { minSeconds, maxSeconds }: PollLimits): number {
  const longest = Math.max(maxSeconds, NOT_FOUND_PATIENCE_SECONDS / MAX_LOOKS_FOR_MISSING);
  return Math.ceil(Math.min(minSeconds * 2 ** Math.min(misses - 1, 20), longest));
}
