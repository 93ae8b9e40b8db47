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
import { readError } from './wire.ts';

/** An HTTP answer that is no success. */
export interface BadAnswer {
  /** What was asked: `create batch`. */
  readonly action: string;
  readonly status: number;
  readonly body: string;
}

/** Back-pressure that lasts until other batches end or files go. OpenAI has no code for its storage quota. */
const BUSY_CODES = new Set(['token_limit_exceeded', 'quotaExceeded', 'too_many_batches']);
const BUSY_MESSAGE = /file storage quota|enqueued tokens/i;
const TOO_LARGE_CODES = new Set(['file_too_large']);
const TOO_LARGE_MESSAGE = /\bfile is too large\b/i;
const THROTTLED_CODES = new Set(['AUTH_1028', 'INFERENCE_3108']);
const DENIED_CODES = new Set(['AUTH_1007', 'AUTH_1008', 'AUTH_1015']);
/** A 503 that no waiting cures: the request's own filters exclude every provider. */
const REJECTED_CODES = new Set(['INFERENCE_3104']);

/** The named error for an answer: by its code first, by its status second, for codes are more exact. */
export function classifyError(answer: BadAnswer): Error {
  const { action, status, body } = answer;
  const { code, message } = readError(parse(body));
  const said = message ?? (body.trim() === '' ? 'no message' : 'an answer that is no JSON');
  const described = withCode(`${action}: ${status} ${bounded(said)}`, safeCode(code));
  return new (errorClass(status, code ?? '', said))(described);
}

/** Whether a failed batch failed because the provider takes no more for now. */
export function isBusy(code: string, message: string): boolean {
  return BUSY_CODES.has(code) || BUSY_MESSAGE.test(message);
}

function errorClass(status: number, code: string, said: string): new (message: string) => Error {
  if (isBusy(code, said)) return ProviderBusy;
  if (status === 413 || TOO_LARGE_CODES.has(code) || TOO_LARGE_MESSAGE.test(said)) return ProviderTooLarge;
  if (code.startsWith('BILLING_') || DENIED_CODES.has(code)) return ProviderDenied;
  if (THROTTLED_CODES.has(code)) return ProviderThrottled;
  if (REJECTED_CODES.has(code)) return ProviderRejected;
  if (status === 401 || status === 402 || status === 403) return ProviderDenied;
  if (status === 404) return ProviderNotFound;
  if (status === 429) return ProviderThrottled;
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
