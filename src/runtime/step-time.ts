import type { StepTime } from '../pace.ts';
import type { Environment } from './api-key.ts';

/** Shares of a step's time that are left when it must save its state, and when it must fail for lack of progress. */
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
  const left = timeLeft(env, context);
  if (left === undefined) return undefined;
  const whole = left();
  return { isShort: () => left() < SHORT * whole, isOver: () => left() < OVER * whole };
}

function timeLeft(env: Environment, context: TimeContext | undefined): (() => number) | undefined {
  if (context?.getRemainingTimeInMillis !== undefined) return () => context.getRemainingTimeInMillis?.() ?? 0;
  const seconds = Number(env['STEP_SECONDS'] ?? '');
  if (!(seconds > 0)) return undefined;
  const end = performance.now() + seconds * 1_000;
  return () => end - performance.now();
}
