import { isExactNumber, numberText } from '../../exact-json.ts';
import { ENVELOPE, MAX_LEVELS, nameOf, readError, type WireError } from './error-envelope.ts';
import { asWire } from '../wire.ts';

/** What tells an error from an answer. */

/** An absent error as a text: empty, or as programs print it and say that all is well. */
const NO_WORDS = /^\s*(?:null|none|nil|undefined|false|ok|success|successful|no error)?\.?\s*$/i;

/** Fields that may hold the status of a success. */
const STATUS_NAMES = new Set(['code', 'status', 'status_code', 'statusCode']);

/** Whether an `error` field reports no error, also in the forms of programs that always write the field: `""`, `{}`, `{"code":null}`. */
export function saysNothing(error: unknown, level = 0): boolean {
  if (error === null || error === undefined || error === false) return true;
  if (typeof error === 'string') return NO_WORDS.test(error);
  if (typeof error !== 'object') return error === 0;
  if (isExactNumber(error)) return Number(error.rawJSON) === 0;
  return (
    level < MAX_LEVELS &&
    Object.entries(error).every(
      ([name, value]) => saysNothing(value, level + 1) || (STATUS_NAMES.has(name) && isSuccess(value)),
    )
  );
}

/**
 * The error that an answer or a part of one carries beside what it holds, under `error` or `errors`; `undefined` when there is
 * none. A number of errors is none.
 */
export function carriedError(value: unknown): WireError | undefined {
  const { error, errors } = asWire(value) ?? {};
  const carried = { error, errors: numberText(errors) === undefined ? errors : null };
  return saysNothing(carried) ? undefined : readError(carried);
}

/** Whether a body has a `detail` that says why it failed, as FastAPI does. A single word describes the answer. */
export function hasFailureDetail(body: unknown): boolean {
  const detail = asWire(body)?.['detail'];
  return typeof detail === 'string'
    ? /\s/.test(detail.trim())
    : typeof detail === 'object' && !saysNothing(detail);
}

/** Whether a body is an error and nothing else: `{error}`, `{detail}`, `{message, code}`. */
export function isOnlyError(body: unknown): boolean {
  const wire = asWire(body);
  if (wire === undefined || !Object.keys(wire).every((name) => ENVELOPE.has(name))) return false;
  if (['error', 'errors', 'detail'].some((name) => !saysNothing(wire[name]))) return true;
  const { code, type } = wire;
  const failed = wire['object'] === 'error' || wire['success'] === false || isFailure(type);
  return typeof wire['message'] === 'string' && (failed || !(saysNothing(code) || isSuccess(code)));
}

/** Fields of an envelope that hold words; the others name the failure, the request and the program. */
const WORDED = new Set(['error', 'errors', 'detail', 'message', 'msg', 'title']);

/** Whether the reported message has all words of an error. */
export function isTold(value: unknown, told: string, level = 0): boolean {
  if (typeof value === 'string') return told.includes(value.trim());
  if (Array.isArray(value)) return level < MAX_LEVELS && value.every((each) => isTold(each, told, level + 1));
  return Object.entries(asWire(value) ?? {}).every(
    ([name, each]) =>
      (ENVELOPE.has(name) && !WORDED.has(name)) || (level < MAX_LEVELS && isTold(each, told, level + 1)),
  );
}

/** A type that is no failure's is one of texts, too: `{"type":"text","message":"hello"}` is an answer. */
function isFailure(type: unknown): boolean {
  return /error|exception|fail|fault/i.test(nameOf(type) ?? '');
}

/** A code that says that all is well. */
function isSuccess(code: unknown): boolean {
  return /^(?:2\d\d|ok|success)$/i.test(nameOf(code) ?? '');
}
