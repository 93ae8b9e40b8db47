import { isExactNumber, numberText } from '../../exact-json.ts';
import { ENVELOPE, MAX_LEVELS, nameOf, readError, type WireError } from './error-envelope.ts';
import { asWire } from '../wire.ts';

/** Signs that distinguish an error from an answer. */

/** Texts that mean "no error": empty, or what programs print after a success. */
const NO_WORDS = /^\s*(?:null|none|nil|undefined|false|ok|success|successful|no error|n\/?a)?\.?\s*$/i;

/** Fields that may also hold the status of a success. */
const STATUS_NAMES = new Set(['code', 'status', 'status_code', 'statusCode']);

/** True if an `error` field reports no error. Some programs always write the field: `""`, `{}`, `{"code":null}`. */
export function saysNothing(error: unknown, level = 0): boolean {
  if (error === null || error === undefined || error === false) return true;
  if (typeof error === 'string') return NO_WORDS.test(error);
  if (typeof error !== 'object') return error === 0;
  if (isExactNumber(error)) return Number(error.rawJSON) === 0;
  return (
    level < MAX_LEVELS &&
    Object.entries(error).every(
      ([name, value]) =>
        saysNothing(value, level + 1) ||
        (STATUS_NAMES.has(name) && (isSuccess(value) || nameOf(value) === '0')),
    )
  );
}

/**
 * The error under `error` or `errors` of an answer, or of a part of one; `undefined` if there is none. A plain number is a count
 * of errors and not an error.
 */
export function carriedError(value: unknown): WireError | undefined {
  const { error, errors } = asWire(value) ?? {};
  const carried = { error, errors: numberText(errors) === undefined ? errors : null };
  return saysNothing(carried) ? undefined : readError(carried);
}

/** True if a body's `detail` explains a failure, as FastAPI writes it. A single word describes an answer. */
export function hasFailureDetail(body: unknown): boolean {
  const detail = asWire(body)?.['detail'];
  return typeof detail === 'string'
    ? /\s/.test(detail.trim())
    : typeof detail === 'object' && !saysNothing(detail);
}

/** True if a body is only an error: `{error}`, `{detail}`, `{message, code}`. */
export function isOnlyError(body: unknown): boolean {
  const wire = asWire(body);
  if (wire === undefined || !Object.keys(wire).every((name) => ENVELOPE.has(name))) return false;
  if (['error', 'errors', 'detail'].some((name) => !saysNothing(wire[name]))) return true;
  const { code, type } = wire;
  const failed = wire['object'] === 'error' || wire['success'] === false || isFailure(type);
  return typeof wire['message'] === 'string' && (failed || !(saysNothing(code) || isSuccess(code)));
}

/** Fields of an envelope that hold text; the others identify the failure, the request or the program. */
const WORDED = new Set(['error', 'errors', 'detail', 'message', 'msg', 'title']);

/** True if the reported message contains all texts of an error. */
export function repeatsMessage(value: unknown, message: string, level = 0): boolean {
  if (typeof value === 'string') return message.includes(value.trim());
  if (Array.isArray(value))
    return level < MAX_LEVELS && value.every((each) => repeatsMessage(each, message, level + 1));
  return Object.entries(asWire(value) ?? {}).every(
    ([name, each]) =>
      (ENVELOPE.has(name) && !WORDED.has(name)) ||
      (level < MAX_LEVELS && repeatsMessage(each, message, level + 1)),
  );
}

/** True if a type is that of a failure. Texts also have a type: `{"type":"text","message":"hello"}` is an answer. */
function isFailure(type: unknown): boolean {
  return /error|exception|fail|fault/i.test(nameOf(type) ?? '');
}

/** True for a code that reports success. */
function isSuccess(code: unknown): boolean {
  return /^(?:2\d\d|ok|success)$/i.test(nameOf(code) ?? '');
}
