import {
  bounded,
  ProviderBusy,
  ProviderDenied,
  ProviderNotFound,
  ProviderRejected,
  ProviderThrottled,
  ProviderTooLarge,
  ProviderUnavailable,
  withCode,
} from '../errors.ts';
import { isListed } from './dialects/known.ts';
import type { Codes } from './dialects/schema.ts';
import { readError } from './wire.ts';

/** An HTTP answer that is no success. */
export interface BadAnswer {
  /** What was asked: `create batch`. */
  readonly action: string;
  readonly status: number;
  readonly body: string;
}

/** OpenAI has no code for its storage quota. */
const BUSY_MESSAGE = /file storage quota|enqueued tokens|enqueued_token_limit/i;
const TOO_LARGE_MESSAGE = /\bfile is too large\b/i;

/** The named error for an answer: by its code first, by its status second, for codes are more exact. */
export function classifyError(answer: BadAnswer, codes: Codes): Error {
  const { action, status, body } = answer;
  const { code, message } = readError(parse(body));
  const said = message ?? (body.trim() === '' ? 'no message' : 'an answer that is no JSON');
  const described = withCode(`${action}: ${status} ${bounded(said)}`, safeCode(code));
  return new (errorClass(status, code ?? '', said, codes))(described);
}

/** Whether a failed batch failed because the provider takes no more for now. */
export function isBusy(code: string, message: string, codes: Codes): boolean {
  return isListed(code, codes.busy) || BUSY_MESSAGE.test(message);
}

/** Whether a file is too large for the provider, by its bytes or by its lines. */
export function isTooLarge(code: string, message: string, codes: Codes): boolean {
  return isListed(code, codes.tooLarge) || TOO_LARGE_MESSAGE.test(message);
}

function errorClass(
  status: number,
  code: string,
  said: string,
  codes: Codes,
): new (message: string) => Error {
  if (isBusy(code, said, codes)) return ProviderBusy;
  if (status === 413 || isTooLarge(code, said, codes)) return ProviderTooLarge;
  if (isListed(code, codes.halting)) return ProviderDenied;
  if (isListed(code, codes.throttled)) return ProviderThrottled;
  if (isListed(code, codes.permanent)) return ProviderRejected;
  if (status === 401 || status === 402 || status === 403) return ProviderDenied;
  if (status === 404) return ProviderNotFound;
  if (status === 429) return ProviderThrottled;
  // Not implemented: tomorrow neither.
  if (status === 501) return ProviderRejected;
  if (status === 408 || status === 425 || status >= 500 || status < 400) return ProviderUnavailable;
  return ProviderRejected;
}

/** Codes are matched again after they crossed the state machine as text, so they must look like one. */
function safeCode(code: string | undefined): string | undefined {
  return code !== undefined && /^[\w.-]{1,64}$/.test(code) ? code : undefined;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
