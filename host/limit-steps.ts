import type { CallStep } from './engine.ts';

/**
 * Limits the number of steps that run at the same time; the others wait in order. A thousand dropped files are then built in
 * turn.
 */
export function limitSteps(callStep: CallStep, atOnce: number): CallStep {
  const waiting: (() => void)[] = [];
  let free = atOnce;
  return async (step, event) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await callStep(step, event);
    } finally {
      const next = waiting.shift();
      if (next === undefined) free += 1;
      else next();
    }
  };
}
