import { answerOf, emptyResult, isBlank, unexpectedResult } from '../../endpoints/answer.ts';
import type { Asked, Endpoint, Shown } from '../../endpoints/endpoint.ts';
import { isListed } from '../../provider/dialects/known.ts';
import type { Codes } from '../../provider/dialects/schema.ts';
import { bodyOf, readBody, readStatusCode } from './response-parts.ts';
import { isTransientText, isVague, type ErrorText } from './transient-words.ts';
import { readError, type WireError } from '../../provider/errors/error-envelope.ts';
import { carriedError, isOnlyError, repeatsMessage } from '../../provider/errors/error-signs.ts';
import { asWire, type Wire } from '../../provider/wire.ts';

/** The result of a row, according to its result line. */
export type Verdict = Answered | Failed;

export interface Answered {
  readonly kind: 'ok';
  readonly body: unknown;
  /** The fields that a compact result line shows. */
  readonly shown: Shown;
}

export interface Failed {
  /** `retriable`: another round may succeed; `halting`: the account was denied; `permanent`: no retry can succeed. */
  readonly kind: 'retriable' | 'halting' | 'permanent';
  readonly code: string;
  readonly message: string;
  /** The HTTP status, if the line or its error has one. */
  readonly status: number;
  /** The body of a success that is not an answer, if it holds more than the reported error. It may be paid for. */
  readonly body?: unknown;
  /** Set if the line reports a success that its body does not confirm. The provider may count it as a success. */
  readonly isSuccess?: true;
}

/** 424 is a model's failure behind a gateway; proxies report a broken connection to their server as 449 or 499. */
const RETRIABLE_STATUSES = new Set([0, 408, 409, 424, 425, 429, 449, 499]);
const HALTING_STATUSES = new Set([401, 402, 403]);

/** Our own codes for which another round may succeed. */
const RETRIABLE_CODES = new Set(['EMPTY_RESULT', 'ANSWER_BROKEN_OFF', 'RESPONSE_NOT_COMPLETED']);

/** Error codes that decide about a row, whatever its HTTP status is. */
export type RowCodes = Pick<Codes, 'retriable' | 'permanent' | 'halting'>;

/** The rules by which a job's lines are read. */
export interface LineRules {
  readonly endpoint: Endpoint;
  /** The dialect's codes, and the retriable codes of the profile. */
  readonly codes: RowCodes;
}

/**
 * Reads a result line. Accepts Melious's `error` beside `response`, OpenAI's `response.status_code`, and the variants of other
 * providers: a body that is a JSON string, an error that is a plain string, a status in place of a code, both fields null.
 * @param asked the parts of the row's request that its answer must match
 */
export function classifyLine(line: Wire, { endpoint, codes }: LineRules, asked: Asked): Verdict {
  const given = readBody(line['response']);
  const response = asWire(given);
  const status = readStatusCode(response, line);
  const body = response === undefined ? given : bodyOf(response);
  // The error is beside the response, or inside it beside its body.
  const error = carriedError(line) ?? carriedError(response);
  if (error !== undefined)
    return withAnswer(fail(describe(error, status, body), status, codes), status, body);
  const unanswered = body === undefined && status >= 200 && status < 300 ? readUnnamed(line) : undefined;
  if (unanswered !== undefined) return fail(unanswered, status, codes);
  // Some programs write 0 for a success, others for no answer at all, so the body decides.
  const isHttp = status >= 100 && status < 600;
  if (isHttp && (status < 200 || status >= 300)) return fail(readError(body), status, codes);
  const answer = answerOf(body, endpoint, asked);
  if (answer.kind === 'answer') return { kind: 'ok', body, shown: answer.shown };
  if (!isHttp) return fail(readError(body), status, codes);
  return withAnswer({ ...fail(answer.error, status, codes), isSuccess: true }, status, body);
}

/**
 * Completes an error beside the body with the details in the body. An empty error beside an answer is not transient: a retry
 * would pay for the answer again.
 */
function describe(error: WireError, status: number, body: unknown): WireError {
  const described = withBody(error, body);
  const isSuccess = status >= 200 && status < 300;
  return isSaid(described) || !isSuccess || isBlank(body)
    ? described
    : unexpectedResult('The provider reports an error, without a description, beside an answer.');
}

/** Adds the body of a success to a failure if the body holds more than the failure. It may be paid for. */
function withAnswer(failed: Failed, status: number, body: unknown): Failed {
  const isSuccess = status >= 200 && status < 300;
  const isTelling = typeof body === 'object' && Object.keys(body ?? {}).length > 0;
  if (!isSuccess || !isTelling) return failed;
  const isAllTold = isOnlyError(body) && repeatsMessage(body, `${failed.code} ${failed.message}`);
  return isAllTold ? failed : { ...failed, body };
}

/** Reads the error of a line without `response` and `error` from its other fields. */
function readUnnamed({
  custom_id: _id,
  id: _own,
  response: _response,
  ...line
}: Wire): WireError | undefined {
  const said = readError(line);
  const status = line['status'];
  // Vertex writes the error as the status: "Bad Request: {…}".
  const isSentence = said.message === undefined && typeof status === 'string' && /\s/.test(status.trim());
  const { code, ...read } = isSentence ? readError(status) : said;
  return read.message === undefined ? undefined : { ...read, code: code ?? 'EMPTY_RESULT' };
}

/** Adds the body of a failure to its error, if the error beside the body is empty. */
function withBody(error: WireError, body: unknown): WireError {
  const said = readError(asWire(body)?.['error'] === undefined ? undefined : body);
  const others = [
    ...(error.others ?? []),
    ...(said.code === undefined ? [] : [said.code]),
    ...(said.others ?? []),
  ];
  const status = error.status ?? said.status;
  const message = error.message ?? said.message;
  return { code: error.code ?? said.code, message, others, ...(status !== undefined && { status }) };
}

function fail(error: WireError, status: number, codes: RowCodes): Failed {
  const {
    code = statusCode(status),
    message = 'no message',
    others = [],
  } = isSaid(error) ? error : unsaid(status);
  const stated = error.status ?? status;
  const said = { names: [code, ...others], message, inner: error.status };
  return { kind: severity(said, stated, codes), code, message, status: stated };
}

const isSaid = ({ code, message }: WireError): boolean => code !== undefined || message !== undefined;

/** The failure of a line whose error has no description. */
function unsaid(status: number): WireError {
  if (status >= 400)
    return { code: statusCode(status), message: `The provider answered ${status} without an error.` };
  const message = 'The provider gave neither an answer nor an error.';
  return status === 0 ? { code: statusCode(status), message } : emptyResult(message);
}

function statusCode(status: number): string {
  return status >= 200 && status < 300 ? 'UNKNOWN' : `HTTP_${status}`;
}

/**
 * True if a general name for a failure surrounds an inner error with a 4xx status. The inner status then decides; a 429 is still
 * transient.
 */
function isOpposed(name: string, { inner = 0 }: ErrorText): boolean {
  return isVague(name) && inner >= 400 && inner < 500;
}

/** The kind of a failure. Codes decide before statuses, because they are more exact. The first known name is used. */
function severity(said: ErrorText, status: number, codes: RowCodes): Failed['kind'] {
  for (const name of said.names) {
    if (isListed(name, codes.halting)) return 'halting';
    if ((isListed(name, codes.retriable) && !isOpposed(name, said)) || RETRIABLE_CODES.has(name))
      return 'retriable';
    if (isListed(name, codes.permanent)) return 'permanent';
  }
  if (HALTING_STATUSES.has(status)) return 'halting';
  if (isTransientText(said, status)) return 'retriable';
  return RETRIABLE_STATUSES.has(status) || status >= 500 ? 'retriable' : 'permanent';
}
