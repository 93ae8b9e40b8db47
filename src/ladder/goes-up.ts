import type { LadderStep } from '../checkpoints/profile.ts';
import type { ResultLine } from '../checkpoints/result-line.ts';
import { PROVIDER_FAILURES } from './provider-failures.ts';

/** The end of a row in a step. */
export interface RowEnd {
  readonly line: ResultLine;
  /** Only for an answer: set if it is incomplete. */
  readonly end?: 'truncated' | 'refused' | undefined;
  /** Set if the step ended with a failure for all rows without an answer. */
  readonly left?: string | undefined;
  /** True if the rows leave the step because its batch expired. */
  readonly expired?: boolean | undefined;
}

/** True if a row goes up to a step. Rows that were never sent do not go up, because no model could answer them. */
export function goesUp(step: LadderStep, { line, end, left, expired }: RowEnd): boolean {
  const wants = (what: string | undefined): boolean => what !== undefined && step.for.includes(what);
  if (line.ok) return wants(end);
  const { outcome, error } = line;
  if (outcome === 'invalid') return false;
  const isLate = expired === true && outcome === 'exhausted' && takesExpired(step);
  return isLate || error.code === left || wants(outcome) || wants(error.code);
}

/** True if a step takes the rows of an expired batch, even if they have rounds left. */
export function takesExpired(step: LadderStep | undefined): boolean {
  return step?.for.includes('expired') === true;
}

/** True if a step takes over the rows of a provider that failed as a whole. */
export function takesOver(step: LadderStep | undefined, failure: string | undefined): boolean {
  const names = Object.entries(PROVIDER_FAILURES).filter(([, errors]) => errors.includes(failure ?? ''));
  return names.some(([name]) => step?.for.includes(name));
}

/** True if a step takes over rows with incomplete answers. */
export function takesAnswers(step: LadderStep): boolean {
  return step.for.includes('truncated') || step.for.includes('refused');
}
