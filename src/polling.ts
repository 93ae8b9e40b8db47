import type { PollLimits } from './job.ts';
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

/** Longest wait as a share of the completion window, where that is more than the profile's `maxSeconds`. */
const MAX_WAIT_PER_WINDOW = 1 / 96;

/** Seconds until the next poll: a whole number, at least the profile's minimum. `random` is in [0, 1). */
export function pollWaitSeconds(state: PollState, limits: PollLimits, random: number): number {
  const age = Math.max(0, state.now - state.createdAt);
  const longest = Math.max(limits.maxSeconds, windowSeconds(state, limits) * MAX_WAIT_PER_WINDOW);
  const wanted = Math.min(age * limits.fraction, halfTimeLeft(state, age));
  const jittered = wanted * (0.9 + 0.2 * random);
  return Math.ceil(Math.min(Math.max(limits.minSeconds, jittered), longest));
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

/** Waits while a batch cannot be found: 6 polls over a quarter of an hour at the default minimum of 15 s. */
export const MAX_NOT_FOUND_POLLS = 6;

/** Seconds until a batch that was not found is looked for again; doubles with every miss in a row. */
export function notFoundWaitSeconds(misses: number, limits: PollLimits): number {
  return Math.ceil(Math.min(limits.minSeconds * 2 ** (misses - 1), limits.maxSeconds));
}

/**
 * Seconds in a completion window such as `24h`, `7d` or `30m`; `undefined` when it is none of these.
 */
export function parseWindow(window: string): number | undefined {
  const match = /^(\d{1,5})([mhd])$/.exec(window);
  if (match === null) return undefined;
  const unit = { m: 60, h: 3_600, d: 86_400 }[match[2] as 'm' | 'h' | 'd'];
  return Number(match[1]) * unit;
}
