/**
 * Named failures. Step Functions matches Retry and Catch on `name`, and bundling renames classes, so every `name` is a literal.
 * Messages say what happened, and to which job, shard or line. They never contain a payload or a key.
 */

/** The user's input cannot be used: it is unreadable, empty, too large or wrongly named. Not retried. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
}

/** The job request or the configuration is wrong. The message names every problem. Not retried. */
export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';
}

/** Another request has started this job: an Idempotency-Key was used twice. Not retried. */
export class RequestConflict extends Error {
  override readonly name = 'RequestConflict';
}

/** The provider asks to slow down (429). Retried with growing waits. */
export class ProviderThrottled extends Error {
  override readonly name = 'ProviderThrottled';
}

/** The provider accepts no more for now: too many tokens are queued, or its storage is full. Retried for more than a day. */
export class ProviderBusy extends Error {
  override readonly name = 'ProviderBusy';
}

/** The provider accepts no file of this size (413). The shard is sent in smaller parts. */
export class ProviderFileTooLarge extends Error {
  override readonly name = 'ProviderFileTooLarge';
}

/** No usable answer: connection lost, timeout, 5xx, HTML or truncated JSON. Retried with growing waits. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable';
}

/** The provider rejects this one request (4xx). A retry would not help, so the shard's rows fail. */
export class ProviderRejected extends Error {
  override readonly name = 'ProviderRejected';
}

/** The provider rejects the account: 401, 402, 403 or a BILLING code. The job stops and can be resumed. */
export class ProviderDenied extends Error {
  override readonly name = 'ProviderDenied';
}

/**
 * The provider redirects a call to an address that the call is not sent to. A retry would not help: the job stops, and can be
 * resumed once the base URL is right.
 */
export class ProviderMoved extends Error {
  override readonly name = 'ProviderMoved';
}

/** The file or batch does not exist (404). */
export class ProviderNotFound extends Error {
  override readonly name = 'ProviderNotFound';
}

/**
 * A batch can neither be collected nor given up: its cancel has no effect, or its state cannot be read. Not retried: the shard
 * stops, and a resume looks again.
 */
export class BatchOpen extends Error {
  override readonly name = 'BatchOpen';
}

/** The job was stopped, by a denied account or by a cancel, so this shard starts nothing new. */
export class JobStopped extends Error {
  override readonly name = 'JobStopped';
}

/** The job's rows would cost more than is left of its budget. Not retried: the job stops, and a larger budget lets it resume. */
export class BudgetExceeded extends Error {
  override readonly name = 'BudgetExceeded';
}

/** A shard waits for running rounds, to know their cost or how their rows end. Retried for more than a day. */
export class ShardMustWait extends Error {
  override readonly name = 'ShardMustWait';
}

/**
 * The job's pilot prevents the other rows from being sent: too many bad rows, a rejection, or no approval in time. Not retried.
 */
export class PilotStopped extends Error {
  override readonly name = 'PilotStopped';
}

/** The object store failed temporarily (throttling, 5xx, timeout). Retried with growing waits. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** The object store rejected the request: a permission, the bucket or the request is wrong. Not retried. */
export class StoreRejected extends Error {
  override readonly name = 'StoreRejected';
}

/** Step Functions failed temporarily (throttling, 5xx, no answer). A later call may succeed. */
export class ExecutionsUnavailable extends Error {
  override readonly name = 'ExecutionsUnavailable';
}

/** The receiver of an announcement failed temporarily: no answer, 429, 5xx. Retried with growing waits. */
export class AnnouncementUnavailable extends Error {
  override readonly name = 'AnnouncementUnavailable';
}

/** An announcement cannot be delivered: the signing secret is missing, or the webhook rejects it (4xx). Not retried. */
export class AnnouncementRejected extends Error {
  override readonly name = 'AnnouncementRejected';
}

/** A step on one machine computed without end and was stopped. Not retried, because it would hang again. */
export class StepStuck extends Error {
  override readonly name = 'StepStuck';
}

/**
 * A step cannot finish within its time limit, and fails with a description before it is ended from outside. Retried twice, like a
 * timeout.
 */
export class StepTimedOut extends Error {
  override readonly name = 'StepTimedOut';
}

/** True for every error of a call to the provider, with or without an answer. */
export function isProviderError(error: unknown): error is Error {
  return error instanceof Error && error.name.startsWith('Provider');
}

/** Guarantee 1 is broken: the numbers of input rows and result lines differ. Never retried. */
export class CountsDoNotReconcile extends Error {
  override readonly name = 'CountsDoNotReconcile';
}

/**
 * The requests of a shard are not the recorded ones: their file has other bytes, or is missing. Not retried and nothing is paid:
 * the shard stops, and a resume builds them again.
 */
export class RequestsDamaged extends Error {
  override readonly name = 'RequestsDamaged';
}

/** A failure as recorded in checkpoints and results. `code` is the provider's, or one of ours. */
export interface Failure {
  /** The error's name, on which Step Functions matches. */
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** The error that a Catch writes into the state under `$.error`. */
export interface CaughtError {
  readonly Error: string;
  readonly Cause?: string | undefined;
}

/** Longest text of a provider in an error message, a log line or a checkpoint, in characters. */
export const MAX_PROVIDER_TEXT = 500;

/** Shortens text from outside to {@link MAX_PROVIDER_TEXT} characters. */
export function bounded(text: string): string {
  return text.length <= MAX_PROVIDER_TEXT ? text : `${text.slice(0, MAX_PROVIDER_TEXT)}…`;
}

/**
 * Appends a provider's code to a message. {@link failureFromCatch} reads it from there after Step Functions has passed the error
 * on as text.
 */
export function withCode(message: string, code: string | undefined): string {
  if (code !== undefined && code !== '') return `${message} [${code}]`;
  // A provider's own words in brackets are not its code.
  return CODE_AT_END.test(message) ? `${message}.` : message;
}

/** `[secret]` is the mark of a replaced secret (`src/provider/secrets`), which is not a code. */
const CODE_AT_END = / \[(?!secret\]$)([\w.-]+)\]$/;

/** Reads a caught error: Lambda writes the cause as JSON, the local engine as plain text. */
export function failureFromCatch(caught: CaughtError): Failure {
  const message = causeMessage(caught.Cause ?? '') || caught.Error;
  const code = CODE_AT_END.exec(message)?.[1];
  return code === undefined
    ? { name: caught.Error, code: caught.Error, message: bounded(message) }
    : { name: caught.Error, code, message: bounded(message.slice(0, -(code.length + 3))) };
}

function causeMessage(cause: string): string {
  try {
    const parsed: unknown = JSON.parse(cause);
    if (typeof parsed === 'object' && parsed !== null && 'errorMessage' in parsed) {
      return String(parsed.errorMessage);
    }
  } catch {
    // Not JSON: the cause is the message itself.
  }
  return cause;
}
