import type { Failure } from '../../../errors.ts';
import type { Batch, BatchError } from '../../../provider/batch-provider.ts';
import { isListed } from '../../../provider/dialects/known.ts';
import type { Codes } from '../../../provider/dialects/schema.ts';
import { idsInText, linesInTexts } from '../../../provider/lines-in-text.ts';
import type { NamedRow } from './decide-row.ts';
import type { RoundIndex } from '../matching/round-index.ts';

/**
 * The cause of a file's failure:
 * - `transient`: the provider, temporarily; the same file may succeed in the next round
 * - `file`: the file as a whole; any other file would fail as well, because of its endpoint, model, purpose, window or account
 * - `row`: a single row
 */
export type Cause = 'transient' | 'file' | 'row';

type NamedFailure = Pick<Failure, 'code' | 'message'>;

/**
 * The cause of a failure by its message and code. The message is more exact than a code for failures of all kinds, such as
 * `inference_failed`.
 */
export function causeOf({ code, message }: NamedFailure, codes: Codes): Cause {
  if (isListed(code, codes.halting) || FILE_CODES.test(code) || FILE_MESSAGES.test(message)) return 'file';
  if (TRANSIENT_MESSAGES.test(message)) return 'transient';
  if (ROW_MESSAGES.test(message)) return 'row';
  // `batch_failed` may stand for an error without a code, so it does not decide.
  const isTransient =
    code !== 'batch_failed' && (isListed(code, codes.retriable) || TRANSIENT_CODES.test(code));
  return isTransient ? 'transient' : 'row';
}

const TRANSIENT_CODES =
  /^(?:HTTP_)?(?:0|408|425|429|5\d\d)$|timeout|unavailable|overloaded|rate_limit|server_error|internal_error/i;

const TRANSIENT_MESSAGES =
  /(?<!(?:lines?|rows?|records?|entry|items?|requests?|columns?|char|index|position)[ #:]*)\b(?:408|425|429|50[0234]|52\d)\b|time[d -]*out|too many requests|rate limit|overloaded|temporar|unavailable|try again|internal (?:server )?error|connection (?:reset|refused|error|closed)/i;

const ROW_MESSAGES =
  /\b(?:400|404|413|422)\b|bad request|invalid|malformed|not (?:valid|parse)|pars(?:e|ing) error|context length|too long|unsupported|missing|required|must be/i;

const FILE_CODES =
  /model_not_found|invalid_model|endpoint|invalid_purpose|completion_window|file_not_found|file_expired|unsupported_file|permission|invalid_url_method|insufficient|quota|billing|api_key|authenticat|unauthorized|forbidden/i;

const FILE_MESSAGES =
  /\bmodel\b.{0,80}\b(?:not exist|not found|not supported|unsupported|unknown|not available|no access)|no such model|(?:unknown|unsupported|invalid|no such) (?:model|endpoint|purpose)|endpoint.{0,80}\b(?:not supported|unsupported|not found|invalid)|\bpurpose\b|completion[ _]window|(?:cannot|could not|can't) find (?:the )?(?:input )?file|input file.{0,40}\bnot found|quota|billing|api key|unauthori[sz]ed|authenticat|permission|access denied/i;

/**
 * Messages about the content of a file. After a rejected call, a file is halved only if the message is one of these, because
 * other messages concern something else.
 */
const ABOUT_CONTENT =
  /json|\blines?\b|\brows?\b|\brecords?\b|custom[ _-]?id|\bmessages\b|\bbody\b|\brequests\b/i;

/** How the provider failed a round's file. */
export interface FileFailure {
  readonly errors: readonly BatchError[];
  /** The cause, if no row is named. */
  readonly cause: Cause;
}

/**
 * Finds out why the provider rejected a round's file, or failed its batch.
 * @returns undefined if the file did not fail
 */
export function findFileFailure(
  batch: Batch | undefined,
  rejection: Failure | undefined,
  codes: Codes,
): FileFailure | undefined {
  if (rejection !== undefined) return rejectedFile(rejection, codes);
  if (batch?.ending !== 'failed') return undefined;
  const causes = batch.errors.map((error) => causeOf(error, codes));
  const cause = causes.find((each) => each !== 'row') ?? 'row';
  return { errors: batch.errors, cause };
}

function rejectedFile({ code, message }: Failure, codes: Codes): FileFailure {
  // The text before the status is our request, with ids of files and jobs.
  const said = message.replace(/^.*?: [45]\d\d /, '');
  const [lines = []] = linesInTexts([said]);
  const error = { code, message };
  const cause = ABOUT_CONTENT.test(said) ? causeOf({ code, message: said }, codes) : 'file';
  const named = lines.length === 0 ? [undefined] : lines;
  return { errors: named.map((line) => ({ ...error, line })), cause };
}

/** Rows that the errors name, by line or by id, among the requests that were sent. */
export function namedRows(
  { errors }: FileFailure,
  index: RoundIndex,
  sent: number,
  codes: Codes,
): ReadonlyMap<number, NamedRow> {
  const named = new Map<number, NamedRow>();
  for (const error of errors) {
    const isTransient = causeOf(error, codes) === 'transient';
    for (const ordinal of ordinalsOf(error, index))
      if (ordinal >= 0 && ordinal < sent) named.set(ordinal, { ...error, isTransient });
  }
  return named;
}

function ordinalsOf({ line, customId, message }: BatchError, index: RoundIndex): readonly number[] {
  // Ids are reliable, but every provider counts lines in its own way.
  const ids = customId === undefined ? idsInText(message) : [customId];
  const ordinals = ids.map((id) => index.ordinalOf(id)).filter((ordinal) => ordinal !== undefined);
  if (ordinals.length > 0) return ordinals;
  return line === undefined ? [] : [line - 1];
}
