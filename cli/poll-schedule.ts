import type { PollLimits } from '../src/checkpoints/profile.ts';
import { isOverdue, pollWaitSeconds } from '../src/batches/polling.ts';

export interface PolledBatch {
  readonly limits: PollLimits;
  /** The completion window, in seconds. */
  readonly windowSeconds: number;
  /** The end of the batch, in seconds after its create. */
  readonly endsAfter: number;
  /** Share of finished rows at an age in seconds; undefined if the provider reports no counters. Default: linear. */
  readonly progress?: (age: number) => number | undefined;
}

/** Number of rows of the simulated batch. Counters are whole rows, and this number is precise enough. */
const ROWS = 10_000;

/**
 * Times at which a batch is polled, in seconds after its create. Uses the rule of *Poll batch* with a simulated clock and without
 * jitter. The last poll finds the batch ended or overdue.
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
