import type { LadderStep } from '../checkpoints/profile.ts';
import type { ResultLine } from '../checkpoints/result-line.ts';
import { PROVIDER_FAILURES } from './provider-failures.ts';

/** How a row ended in a step. */
export interface RowEnd {
  readonly line: ResultLine;
  /** Of an answer: whether it is all that was asked for. */
  readonly end?: 'truncated' | 'refused' | undefined;
  /** The failure that the step was left for, with all rows that had no answer. */
  readonly left?: string | undefined;
  /** The step was left because its batch expired. */
  readonly expired?: boolean | undefined;
}

/** Whether a row goes up to a step. Rows that were never sent stay: no model could answer them. */
export function goesUp(step: LadderStep, { line, end, left, expired }: RowEnd): boolean {
  const wants = (what: string | undefined): boolean => what !== undefined && step.for.includes(what);
  if (line.ok) return wants(end);
  const { outcome, error } = line;
  if (outcome === 'invalid') return false;
  const isLate = expired === true && outcome === 'exhausted' && takesExpired(step);
  return isLate || error.code === left || wants(outcome) || wants(error.code);
}

/** Whether a step takes the rows of a batch that expired, whatever rounds they have left. */
export function takesExpired(step: LadderStep | undefined): boolean {
  return step?.for.includes('expired') === true;
}

/** Whether a step takes the rows of a provider that failed as a whole. */
export function takesOver(step: LadderStep | undefined, failure: string | undefined): boolean {
  const names = Object.entries(PROVIDER_FAILURES).filter(([, errors]) => errors.includes(failure ?? ''));
  return names.some(([name]) => step?.for.includes(name));
}

/** Whether a step takes answers that came, and are not all that was asked for. */
export function takesAnswers(step: LadderStep): boolean {
  return step.for.includes('truncated') || step.for.includes('refused');
}
