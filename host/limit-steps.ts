import type { CallStep } from './engine.ts';

/** Lets so many steps run at once; the others wait their turn, in order. A thousand dropped files are built in turn. */
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
