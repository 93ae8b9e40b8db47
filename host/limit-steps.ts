import type { CallStep } from './engine.ts';
import type { Steps } from './worker-steps.ts';

/** Most steps at the same time. */
export interface StepLimits {
  readonly steps: number;
  /** Most collects among them. Collects keep rows in memory. */
  readonly collects: number;
}

/**
 * Enough steps for two busy cores, because steps also wait for the disk and the provider. A collect keeps tens of megabytes, and
 * all collects share one thread, so more collects need more memory without being faster.
 */
export const STEP_LIMITS: StepLimits = { steps: 8, collects: 2 };

/**
 * Limits the number of steps that run at the same time; the others wait in order. A thousand dropped files are then built in
 * turn.
 */
export function limitSteps(steps: Steps, limits: StepLimits): Steps {
  const all = new Turns(limits.steps);
  const collects = new Turns(limits.collects);
  const call: CallStep = (step, event) => {
    const run = (): Promise<unknown> => all.take(() => steps.call(step, event));
    return step === COLLECT ? collects.take(run) : run();
  };
  return {
    call,
    abandon: () => {
      const stopped = new Error('The step was not started: its host stops.');
      collects.reject(stopped);
      all.reject(stopped);
      return steps.abandon();
    },
  };
}

const COLLECT = 'collect-results';

/** Runs a limited number of calls at the same time. */
class Turns {
  #free: number;
  #waiting: PromiseWithResolvers<void>[] = [];

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  async take(call: () => Promise<unknown>): Promise<unknown> {
    if (this.#free > 0) this.#free -= 1;
    else {
      const turn = Promise.withResolvers<void>();
      this.#waiting.push(turn);
      await turn.promise;
    }
    try {
      return await call();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next.resolve();
    }
  }

  /** Fails the calls that wait for their turn. */
  reject(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const turn of waiting) turn.reject(error);
  }
}
