import { tryReadAnswer } from '../../jsonl/answer-json.ts';
import { readError } from './error-envelope.ts';

/** Rejections whose body is not an error in the API's format. */
const unexplained = new WeakSet<Error>();

/** Records whether the body of a rejection explains it: whether it is JSON with an error. */
export function noteUnexplained(rejection: Error, body: string): void {
  const value = tryReadAnswer(body);
  const { code, message } = typeof value === 'object' ? readError(value) : {};
  if (code === undefined && message === undefined) unexplained.add(rejection);
}

/**
 * True if a rejection may come from a proxy or gateway: its body is a page, a text or empty. The provider may still have executed
 * the request.
 */
export function isUnexplained(rejection: unknown): boolean {
  return rejection instanceof Error && unexplained.has(rejection);
}
