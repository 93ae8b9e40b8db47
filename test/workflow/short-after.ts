import type { StepTime } from '../../src/pace.ts';

/** Limits the time of each call of a step: short from the start, or after this number of looks. */
export const shortAfter =
  (limited: string, looks: number) =>
  (step: string): StepTime | undefined => {
    if (step !== limited) return undefined;
    let left = looks;
    return { isShort: () => (left -= 1) < 0, isOver: () => false };
  };
