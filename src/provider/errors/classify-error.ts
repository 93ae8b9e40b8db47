import {
  bounded,
  ProviderBusy,
  ProviderDenied,
  ProviderNotFound,
  ProviderRejected,
  ProviderThrottled,
  ProviderFileTooLarge,
  ProviderUnavailable,
  withCode,
} from '../../errors.ts';
import { isListed } from '../dialects/known.ts';
import type { Codes } from '../dialects/schema.ts';
import { readError, type WireError } from './error-envelope.ts';
import { withStatus } from './error-text.ts';

/** An HTTP answer that is not a success. */
export interface BadAnswer {
  /** The call's name: `create batch`. */
  readonly action: string;
  readonly status: number;
  readonly body: string;
  /** `file` if the call reads one file. Its 401 and 403 then concern that file; a code of the account still decides. */
  readonly concerns?: 'file' | undefined;
}

/** Messages of a full storage, for which OpenAI has no error code. */
const BUSY_MESSAGE = /file storage quota|enqueued tokens|enqueued_token_limit/i;
const TOO_LARGE_MESSAGE = /\bfile is too large\b/i;

/** The named error for an answer. Codes decide before the status, because they are more exact. */
export function classifyError(answer: BadAnswer, codes: Codes): Error {
  const { action, status, body, concerns } = answer;
  const error = readError(parse(body));
  const said = error.message ?? (body.trim() === '' ? 'no message' : 'an answer without a message');
  const described = withCode(`${action}: ${withStatus(status, bounded(said))}`, safeCode(error.code));
  const found = errorClass({ ...error, message: said }, status, codes);
  const isOfFile = concerns === 'file' && found === ProviderDenied && !namesAccount(error, codes);
  return new (isOfFile ? ProviderUnavailable : found)(described);
}

/** True if one of an error's codes means that the account is denied. */
function namesAccount({ code = '', others = [] }: WireError, codes: Codes): boolean {
  return [code, ...others].some((name) => isListed(name, codes.halting));
}

/** True if a batch failed because the provider accepts no more for now. */
export function isBusy(code: string, message: string, codes: Codes): boolean {
  return isListed(code, codes.busy) || BUSY_MESSAGE.test(message);
}

const ENQUEUED_TOKENS = /token_limit|enqueued.tokens/i;
/** Parts: the number with all its separators, the text in between, and the next word. */
const NAMED_LIMIT = /\blimit(?: of| is)?[:=]? *(\d(?:[\d.,_'’]*\d)?(?:[ \u00a0\u202f]\d{3}\b)*)( ?)([a-z]*)/i;
const WHOLE = /^(?:\d{1,3}(?:,\d{3})+|\d{1,3}(?:_\d{3})+|\d+(?:\.0)?)$/;
const WITH_FRACTION = /^\d+\.\d+$/;
const UNITS: ReadonlyMap<string, number> = new Map([
  ['k', 1e3],
  ['thousand', 1e3],
  ['m', 1e6],
  ['million', 1e6],
  ['b', 1e9],
  ['billion', 1e9],
]);

/** A provider's rejection of a batch because too many tokens of the model are enqueued. */
export interface TokensRejection {
  /** The limit that it names: `Limit: 2,000,000 enqueued tokens`, `the configured limit of 30K`. */
  readonly limit?: number;
}

/**
 * Reads a rejection for too many enqueued tokens.
 * @returns undefined when the provider is busy for another reason
 */
export function readTokensRejection(code: string, message: string): TokensRejection | undefined {
  if (!ENQUEUED_TOKENS.test(code) && !ENQUEUED_TOKENS.test(message)) return undefined;
  const limit = readLimit(message);
  return limit > 0 ? { limit } : {};
}

/** Reads a limit. Returns NaN for an ambiguous number, such as `90.000`: rows that are larger than a limit fail. */
function readLimit(message: string): number {
  const [, digits = '', space, word = ''] = NAMED_LIMIT.exec(message) ?? [];
  const unit = UNITS.get(word.toLowerCase());
  const isNumber = WHOLE.test(digits) || (unit !== undefined && WITH_FRACTION.test(digits));
  const isCut = unit === undefined && word !== '' && space === '';
  return isNumber && !isCut ? Math.round(Number(digits.replaceAll(/[,_]/g, '')) * (unit ?? 1)) : Number.NaN;
}

/** True if a file is too large for the provider, by bytes or by lines. */
export function isTooLarge(code: string, message: string, codes: Codes): boolean {
  return isListed(code, codes.tooLarge) || TOO_LARGE_MESSAGE.test(message);
}

function errorClass(error: WireError, httpStatus: number, codes: Codes): new (message: string) => Error {
  const { code = '', others = [], message: said = '' } = error;
  const names = [code, ...others];
  const isAnyListed = (list: readonly string[]): boolean => names.some((name) => isListed(name, list));
  if (names.some((name) => isBusy(name, said, codes))) return ProviderBusy;
  if (httpStatus === 413 || names.some((name) => isTooLarge(name, said, codes))) return ProviderFileTooLarge;
  if (isAnyListed(codes.halting)) return ProviderDenied;
  if (isAnyListed(codes.throttled)) return ProviderThrottled;
  if (isAnyListed(codes.permanent)) return ProviderRejected;
  return statusClass(isGeneral(httpStatus) ? (error.status ?? httpStatus) : httpStatus);
}

/** True if gateways use this status for failures of all kinds. An inner code is then more exact. */
function isGeneral(status: number): boolean {
  return status === 400 || status === 422 || (status >= 500 && status !== 501);
}

function statusClass(status: number): new (message: string) => Error {
  if (status === 401 || status === 402 || status === 403) return ProviderDenied;
  if (status === 404) return ProviderNotFound;
  if (status === 413) return ProviderFileTooLarge;
  if (status === 429) return ProviderThrottled;
  // Not implemented, so a retry would not help.
  if (status === 501) return ProviderRejected;
  if (status === 408 || status === 425 || status >= 500 || status < 400) return ProviderUnavailable;
  return ProviderRejected;
}

/** Codes are matched again after they passed through the state machine as text, so they must have the form of a code. */
function safeCode(code: string | undefined): string | undefined {
  return code !== undefined && /^[\w.-]{1,64}$/.test(code) ? code : undefined;
}

/** The body as JSON if possible, otherwise as text. */
function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
