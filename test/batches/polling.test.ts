import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EVENTS_PER_POLL } from '../../src/steps/history.ts';
import type { PollLimits } from '../../src/checkpoints/profile.ts';
import { parseWindow } from '../../src/provider/completion-window.ts';
import {
  elapsedSeconds,
  isGivenUp,
  isOverdue,
  MAX_POLLS_PER_ROUND,
  notFoundWaitSeconds,
  pollWaitSeconds,
  type PollState,
} from '../../src/batches/polling.ts';

const LIMITS: PollLimits = { minSeconds: 15, maxSeconds: 900, fraction: 0.1, graceSeconds: 3_600 };

/** Events of one Wait, Task and Choice in Step Functions, and its limit per execution. */
const MAX_EVENTS = 25_000;
const ROUNDS = 4;

interface Schedule {
  readonly windowSeconds: number;
  /** Share of the rows that are done at this age of the batch. Undefined if the provider reports no counters. */
  readonly progress: (age: number) => number | undefined;
  readonly endsAfter: number;
  readonly random?: number;
}

/** Follows the schedule on a simulated clock. Returns the number of polls and how late they noticed the end. */
function walk({ windowSeconds, progress, endsAfter, random = 0.5 }: Schedule): {
  polls: number;
  delay: number;
} {
  const deadline = windowSeconds + LIMITS.graceSeconds;
  let now = LIMITS.minSeconds;
  for (let polls = 1; ; polls += 1) {
    const done = progress(now);
    const counts =
      done === undefined ? undefined : { total: 10_000, succeeded: Math.floor(done * 10_000), failed: 0 };
    const state: PollState = { now, createdAt: 0, deadline, polls, counts };
    if (now >= endsAfter || isOverdue(state)) return { polls, delay: now - endsAfter };
    now += pollWaitSeconds(state, LIMITS, random);
  }
}

const HOUR = 3_600;
const DAY = 24 * HOUR;

describe('the poll schedule', () => {
  const behaviours = {
    'reports no progress': () => undefined,
    'is stuck at 0': () => 0,
    'is stuck at 99.99 %': () => 0.9999,
    'is linear': (age: number) => age / DAY,
    'shows 100 % long before it ends': () => 1,
  };
  const windows = [600, HOUR, 6 * HOUR, DAY, 48 * HOUR, 7 * DAY];
  const table = windows.flatMap((windowSeconds) =>
    Object.entries(behaviours).map(([name, progress]) => ({ windowSeconds, name, progress })),
  );

  test.each(table)(
    'keeps 4 rounds of a $windowSeconds s window under the history limit when the batch $name',
    ({ windowSeconds, progress }) => {
      const { polls } = walk({ windowSeconds, progress, endsAfter: windowSeconds + LIMITS.graceSeconds });

      expect(polls).toBeLessThan(MAX_POLLS_PER_ROUND);
      expect(polls * EVENTS_PER_POLL * ROUNDS).toBeLessThan(MAX_EVENTS);
    },
  );

  test('polls at most 150 times in 24 hours if there are no counters', () => {
    expect(walk({ windowSeconds: DAY, progress: () => undefined, endsAfter: DAY }).polls).toBeLessThanOrEqual(
      150,
    );
  });

  test('polls at most 150 times in 24 hours, and is at most 1 % late, if progress is linear', () => {
    const { polls, delay } = walk({ windowSeconds: DAY, progress: (age) => age / DAY, endsAfter: DAY });

    expect(polls).toBeLessThanOrEqual(150);
    expect(delay).toBeLessThanOrEqual(DAY / 100);
  });

  test('is at most 15 minutes late within a 24 hour window, whenever the batch ends', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: DAY }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (endsAfter, random) => {
          const { delay } = walk({ windowSeconds: DAY, progress: () => undefined, endsAfter, random });
          expect(delay).toBeLessThanOrEqual(900);
        },
      ),
    );
  });

  test('polls at most 120 times in 24 hours if counters show the progress', () => {
    expect(
      walk({ windowSeconds: DAY, progress: (age) => age / DAY, endsAfter: DAY }).polls,
    ).toBeLessThanOrEqual(120);
  });

  test('is late by at most a third of the age of the batch and 15 minutes, with any change of pace', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: DAY }),
        fc.array(share, { minLength: 1, maxLength: 20 }).map((steps) => steps.toSorted((a, b) => a - b)),
        share.filter((random) => random < 1),
        (endsAfter, steps, random) => {
          const progress = (age: number): number => steps[Math.floor((age / DAY) * steps.length * 10)] ?? 1;
          const { delay } = walk({ windowSeconds: DAY, progress, endsAfter, random });
          expect(delay).toBeLessThanOrEqual(Math.min(900, Math.max(LIMITS.minSeconds, endsAfter * 0.34)));
        },
      ),
    );
  });

  test('always waits a whole number of seconds within its bounds', () => {
    const count = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: -1_000, max: 10 * DAY }),
        fc.integer({ min: 1, max: 600 }),
        fc.option(fc.record({ total: count, succeeded: count, failed: count }), { nil: undefined }),
        fc.double({ min: 0, max: 0.999999, noNaN: true }),
        (now, polls, counts, random) => {
          const state = { now, createdAt: 0, deadline: DAY + LIMITS.graceSeconds, polls, counts };
          const wait = pollWaitSeconds(state, LIMITS, random);
          expect(Number.isInteger(wait)).toBe(true);
          expect(wait).toBeGreaterThanOrEqual(LIMITS.minSeconds);
          expect(wait).toBeLessThanOrEqual(LIMITS.maxSeconds);
        },
      ),
    );
  });

  test('looks for a missing batch after growing waits, up to the longest wait', () => {
    const waits = Array.from({ length: 8 }, (_, miss) => notFoundWaitSeconds(miss + 1, LIMITS));

    expect(waits).toEqual([15, 30, 60, 120, 240, 480, 900, 900]);
  });
});

describe('time between two polls', () => {
  test.each([
    ['is the clock’s when both agree', 100, 90, 100],
    ['is at least the wait, when the clock was set back by a day', -DAY, 900, 900],
    ['is bounded when the clock was set on by a year', 365 * DAY, 900, 900 + 4 * HOUR],
  ])('%s', (_how, byTheClock, waited, counted) => {
    expect(elapsedSeconds(byTheClock, waited)).toBe(counted);
  });
});

test('a cancelled batch is given up an hour after its deadline or its first cancel, whichever is later', () => {
  const state = { createdAt: 0, deadline: DAY, polls: 10, counts: undefined };

  expect(isGivenUp({ ...state, now: DAY + HOUR - 1 }, HOUR)).toBe(false);
  expect(isGivenUp({ ...state, now: DAY + HOUR }, HOUR)).toBe(true);
  expect(isGivenUp({ ...state, now: 3 * DAY }, 3 * DAY - 60)).toBe(false);
});

test.each([
  ['24h', 86_400],
  ['7d', 604_800],
  ['30m', 1_800],
  ['', undefined],
  ['24', undefined],
  ['1.5h', undefined],
  ['-1h', undefined],
  ['24H', undefined],
])('the completion window %j is %j seconds', (text, seconds) => {
  expect(parseWindow(text)).toBe(seconds);
});
