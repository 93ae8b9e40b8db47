import type { StepTime } from '../pace.ts';
import type { Environment } from './api-key.ts';

/**
 * Shares of a step's time that are left when it must not begin long work that cannot be divided, when it must save its state, and
 * when it must fail for lack of progress.
 */
const LATE = 0.85;
const SHORT = 0.2;
const OVER = 0.05;

/** The used part of Lambda's second argument. */
export interface TimeContext {
  getRemainingTimeInMillis?(): number;
}

/**
 * The time of one call of a step: the Lambda's own, or on one machine `STEP_SECONDS` from now on. Undefined if neither is set.
 */
export function openStepTime(env: Environment, context: TimeContext | undefined): StepTime | undefined {
  const left = context?.getRemainingTimeInMillis?.bind(context);
  if (left !== undefined) {
    const whole = left();
    const isBelow = (share: number) => (): boolean => left() < share * whole;
    return { isLate: isBelow(LATE), isShort: isBelow(SHORT), isOver: isBelow(OVER) };
  }
  const seconds = Number(env['STEP_SECONDS'] ?? '');
  if (!(seconds > 0)) return undefined;
  const began = performance.now();
  const isPast = (share: number) => (): boolean => performance.now() > began + (1 - share) * seconds * 1_000;
  // Nothing ends a call on one machine, so work that cannot be divided takes the time that it needs.
  return { isLate: isPast(LATE), isShort: isPast(SHORT), isOver: () => false };
}
