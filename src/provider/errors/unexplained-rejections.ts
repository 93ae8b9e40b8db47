import { tryReadAnswer } from '../../jsonl/answer-json.ts';
import { readError } from './error-envelope.ts';

/** Rejections whose body is not an error in the API's own form. */
const unexplained = new WeakSet<Error>();

/** Records of a rejection whether its body explains it: JSON that holds an error. */
export function noteUnexplained(rejection: Error, body: string): void {
  const value = tryReadAnswer(body);
  const { code, message } = typeof value === 'object' ? readError(value) : {};
  if (code === undefined && message === undefined) unexplained.add(rejection);
}

/**
 * Whether a rejection may come from something between us and the provider: its body is a page, a text or empty. The provider may have
 * done what was asked all the same.
 */
export function isUnexplained(rejection: unknown): boolean {
  return rejection instanceof Error && unexplained.has(rejection);
}
