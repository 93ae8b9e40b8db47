import { tryReadAnswer } from '../jsonl/answer-json.ts';
import { readError } from './error-envelope.ts';

/** Refusals that do not say in the API's own form what is wrong. */
const unexplained = new WeakSet<Error>();

/** Notes of an answer that is no success whether it is the API's own: JSON that holds an error. */
export function noteWhoseRefusal(refusal: Error, body: string): void {
  const value = tryReadAnswer(body);
  const { code, message } = typeof value === 'object' ? readError(value) : {};
  if (code === undefined && message === undefined) unexplained.add(refusal);
}

/**
 * Whether a refusal may come from something between us and the provider: a page, a text, an empty body. What was asked for may
 * have been done all the same.
 */
export function isUnexplained(refusal: unknown): boolean {
  return refusal instanceof Error && unexplained.has(refusal);
}
