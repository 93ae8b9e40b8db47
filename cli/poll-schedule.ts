import type { PollLimits } from '../src/checkpoints/profile.ts';
import { isOverdue, pollWaitSeconds } from '../src/polling.ts';

export interface PolledBatch {
  readonly limits: PollLimits;
  /** How long the provider may take, in seconds. */
  readonly windowSeconds: number;
  /** When the batch ends, in seconds after it was made. */
  readonly endsAfter: number;
  /** Share of the rows that are done at an age in seconds; undefined when the provider tells no counters. Default: linear. */
  readonly progress?: (age: number) => number | undefined;
}

/** Counters are whole rows; so many are fine enough. */
const ROWS = 10_000;

/**
 * When a batch is looked at, in seconds after it was made: the very rule of the poll Lambda, walked by a simulated
 * clock, without jitter. The last look is the one that finds the batch ended, or overdue.
 */
export function pollTimes({ limits, windowSeconds, endsAfter, progress }: PolledBatch): readonly number[] {
  const doneAt = progress ?? ((age: number) => Math.min(1, age / endsAfter));
  const deadline = windowSeconds + limits.graceSeconds;
  const times = [limits.minSeconds];
  for (;;) {
    const now = times.at(-1) ?? 0;
    const done = doneAt(now);
    const counts =
      done === undefined ? undefined : { total: ROWS, succeeded: Math.floor(done * ROWS), failed: 0 };
    const state = { now, createdAt: 0, deadline, polls: times.length, counts };
    if (now >= endsAfter || isOverdue(state)) return times;
    times.push(now + pollWaitSeconds(state, limits, 0.5));
  }
}
