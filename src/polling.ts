import type { PollLimits } from './checkpoints/profile.ts';
import type { BatchCounts } from './provider/batch-provider.ts';

/**
 * When to look at a batch again. Pure: the same rule runs in the Lambda, in the tests that count history events
 * and in the scale model.
 *
 * One turn of wait, poll and choice costs 9 history events of Step Functions' 25,000, so the wait grows with the
 * batch's age, and never beyond 1/96 of its window (15 min of 24 h): the number of polls hardly depends on the window.
 */
export interface PollState {
  /** Seconds since 1970, all three. */
  readonly now: number;
  readonly createdAt: number;
  readonly deadline: number;
  /** Polls of this batch so far, this one included. */
  readonly polls: number;
  readonly counts: BatchCounts | undefined;
}

/** Polls after which progress no longer shortens the wait: a batch stuck at 99.9 % would be asked for ever. */
const MAX_HURRIED_POLLS = 250;

/** A batch polled this often is overdue, whatever the clock says: 4 rounds x 500 polls x 9 events = 18,000 of 25,000. */
export const MAX_POLLS_PER_ROUND = 500;

/**
 * While counters show how fast a batch goes on, the wait may be so many times longer: the pace says when it ends. A batch whose
 * pace jumps is then seen later, by at most that share of its age, and never later than the longest wait.
 */
const COUNTED = 3;

/** Longest wait as a share of the completion window, where that is more than the profile's `maxSeconds`. */
const MAX_WAIT_PER_WINDOW = 1 / 96;

/** Seconds until the next poll: a whole number, at least the profile's minimum. `random` is in [0, 1). */
export function pollWaitSeconds(state: PollState, limits: PollLimits, random: number): number {
  const age = Math.max(0, state.now - state.createdAt);
  const longest = Math.max(limits.maxSeconds, windowSeconds(state, limits) * MAX_WAIT_PER_WINDOW);
  const left = halfTimeLeft(state, age);
  const wanted = left === Infinity ? age * limits.fraction : Math.min(age * limits.fraction * COUNTED, left);
  const jittered = wanted * (0.9 + 0.2 * random);
  const wait = Math.ceil(Math.min(Math.max(limits.minSeconds, jittered), longest));
  // Few polls are left in the history, for a batch that may run for a day.
  return state.polls > MAX_POLLS_PER_ROUND ? Math.max(wait, CANCEL_AGAIN_SECONDS) : wait;
}

/** Whether the batch must be cancelled and harvested now. */
export function isOverdue(state: PollState): boolean {
  return state.now >= state.deadline || state.polls >= MAX_POLLS_PER_ROUND;
}

function windowSeconds({ createdAt, deadline }: PollState, { graceSeconds }: PollLimits): number {
  return deadline - createdAt - graceSeconds;
}

/** Half the time the batch still needs if it goes on at its pace; no opinion without usable progress. */
function halfTimeLeft({ counts, polls }: PollState, age: number): number {
  if (counts === undefined || polls > MAX_HURRIED_POLLS) return Infinity;
  const done = counts.succeeded + counts.failed;
  if (done <= 0 || done >= counts.total) return Infinity;
  return (age * (counts.total - done)) / done / 2;
}

/** Seconds that an hour-long outage of the provider or of this host may delay a poll beyond its wait, and a little more. */
const MAX_POLL_DELAY_SECONDS = 4 * 3_600;

/**
 * Seconds that have passed between two polls. The machine did wait, so it is at least the wait, and the poll's retries bound it
 * above: a clock that jumps by a day, or back, does not count.
 */
export function elapsedSeconds(byTheClock: number, waitSeconds: number): number {
  return Math.min(Math.max(byTheClock, waitSeconds), waitSeconds + MAX_POLL_DELAY_SECONDS);
}

/** How long a cancelled batch may take to end; providers say up to 10 minutes. */
const CANCEL_GRACE_SECONDS = 3_600;

/** Polls beyond {@link MAX_POLLS_PER_ROUND} of a batch that does not heed its cancel: 17 events each with a cancel, 2,550. */
const MAX_POLLS_AFTER_CANCEL = 150;

/**
 * Whether a batch that was told to end has had all the time in which it could run.
 * @param cancelledAt when it was first cancelled, seconds since 1970
 */
export function isGivenUp({ now, deadline, polls }: PollState, cancelledAt: number): boolean {
  if (polls >= MAX_POLLS_PER_ROUND + MAX_POLLS_AFTER_CANCEL) return true;
  return now >= Math.max(deadline, cancelledAt) + CANCEL_GRACE_SECONDS;
}

/** Seconds between two cancels of a batch that runs on. A cancel may be asked for any number of times. */
const CANCEL_AGAIN_SECONDS = 900;

/** Seconds until a batch that still runs is cancelled again, after so many cancels in a row that failed. */
export function cancelWaitSeconds(failures: number, { minSeconds }: PollLimits): number {
  if (failures === 0) return CANCEL_AGAIN_SECONDS;
  return Math.min(minSeconds * 2 ** Math.min(failures - 1, 10), CANCEL_AGAIN_SECONDS);
}

/**
 * How long a batch has to be missing, by its id and in the complete list, until it counts as gone, in seconds. Its rows are then
 * sent again.
 */
export const NOT_FOUND_PATIENCE_SECONDS = 1_800;

/** How long a batch is looked for by a provider whose list cannot be read. Its rows are not sent again. */
export const UNCLEAR_PATIENCE_SECONDS = 3 * 3_600;

/** @param absentSeconds since when every look found it missing; undefined after one that could not tell */
export function isGone(absentSeconds: number | undefined): boolean {
  return absentSeconds !== undefined && absentSeconds >= NOT_FOUND_PATIENCE_SECONDS;
}

/** @param missedSeconds since when no look has found it */
export function isUnclearForLong(missedSeconds: number): boolean {
  return missedSeconds >= UNCLEAR_PATIENCE_SECONDS;
}

/** A missing batch is looked for at most so often while it is waited for, however short the profile's waits are. */
const MAX_LOOKS_FOR_MISSING = 100;

/** Seconds until a batch that was not found is looked for again; doubles with every miss in a row. */
export function notFoundWaitSeconds(misses: number, { minSeconds, maxSeconds }: PollLimits): number {
  const longest = Math.max(maxSeconds, NOT_FOUND_PATIENCE_SECONDS / MAX_LOOKS_FOR_MISSING);
  return Math.ceil(Math.min(minSeconds * 2 ** Math.min(misses - 1, 20), longest));
}
