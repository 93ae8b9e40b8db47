import type { CallStep } from '../../host/engine.ts';

/** A clock that tests set, so that no wait takes time. */
export interface TestClock {
  now(): number;
  /** Moves the clock forward to a time, ISO 8601. */
  moveTo(time: string): void;
  /** Moves the clock forward by the wait that each step returns. */
  follow(call: CallStep): CallStep;
}

/** Approximate wait of the state machine's Retry, in milliseconds. */
const RETRY_WAIT_MS = 60_000;

export function createClock(): TestClock {
  let now = Date.UTC(2026, 10, 1, 22);
  return {
    now: () => now,
    moveTo: (time) => void (now = Math.max(now, Date.parse(time))),
    follow: (call) => async (step, event) => {
      const output = await call(step, event).catch((error: unknown) => {
        now += RETRY_WAIT_MS;
        throw error;
      });
      const { phase, waitSeconds = 0 } = (output ?? {}) as { phase?: string; waitSeconds?: number };
      // A batch that has ended is collected at once, and an overdue batch is cancelled at once.
      if (step !== 'poll-batch' || phase === 'running') now += waitSeconds * 1_000;
      return output;
    },
  };
}
