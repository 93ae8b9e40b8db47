/**
 * Named failures. Step Functions matches Retry and Catch on `name`, and bundling renames classes,
 * so every `name` is a literal. Messages say what happened and to which job, shard or line; they never
 * hold a payload or a key.
 */

/** The user's input cannot be used: unreadable, empty, too large, wrongly named. Not retried. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
}

/** The job request or the configuration is wrong. Every problem is named at once. Not retried. */
export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';
}

/** The job is known by another request: an Idempotency-Key was used twice. Not retried. */
export class RequestConflict extends Error {
  override readonly name = 'RequestConflict';
}

/** The provider asks to slow down (429). Retried with growing waits. */
export class ProviderThrottled extends Error {
  override readonly name = 'ProviderThrottled';
}

/** The provider takes no more for now: too many tokens queued, no room for files. Retried for a day and longer. */
export class ProviderBusy extends Error {
  override readonly name = 'ProviderBusy';
}

/** The provider takes no file of this size (413). The shard goes there in smaller parts. */
export class ProviderFileTooLarge extends Error {
  override readonly name = 'ProviderFileTooLarge';
}

/** No usable answer: connection lost, timeout, 5xx, HTML or truncated JSON. Retried with growing waits. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable';
}

/** The provider says no to this one request (4xx). Repeating it would not help: the shard's rows fail. */
export class ProviderRejected extends Error {
  override readonly name = 'ProviderRejected';
}

/** The provider says no to the account: 401, 402, 403 or a BILLING code. The job stops and can be resumed. */
export class ProviderDenied extends Error {
  override readonly name = 'ProviderDenied';
}

/** The file or batch is not there (404). */
export class ProviderNotFound extends Error {
  override readonly name = 'ProviderNotFound';
}

/**
 * A batch can neither be collected nor given up: it does not heed its cancel, or nobody can tell whether it runs. Not retried:
 * the shard stops, and a resume looks again.
 */
export class BatchOpen extends Error {
  override readonly name = 'BatchOpen';
}

/** The job was stopped (by a denied account, or because it was cancelled), so this shard starts nothing new. */
export class JobStopped extends Error {
  override readonly name = 'JobStopped';
}

/** The job's rows would cost more than its budget has left. Not retried: the job stops, and goes on with a larger budget. */
export class BudgetExceeded extends Error {
  override readonly name = 'BudgetExceeded';
}

/** A shard waits for the rounds that run: for what they cost, or for how their rows end. Retried for a day and longer. */
export class ShardMustWait extends Error {
  override readonly name = 'ShardMustWait';
}

/** The job's pilot does not let the rest be sent: too many bad rows, a rejection, or no approval in time. Not retried. */
export class PilotStopped extends Error {
  override readonly name = 'PilotStopped';
}

/** The object store did not answer as it should (throttling, 5xx, timeout). Retried with growing waits. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/** The object store says no: a permission, the bucket or the request is wrong. Not retried: it would not help. */
export class StoreRejected extends Error {
  override readonly name = 'StoreRejected';
}

/** Step Functions did not answer as it should (throttling, 5xx, no answer). Trying again later may succeed. */
export class ExecutionsUnavailable extends Error {
  override readonly name = 'ExecutionsUnavailable';
}

/** Whoever wants to know of a job's end did not take the announcement: no answer, 429, 5xx. Retried with growing waits. */
export class AnnouncementUnavailable extends Error {
  override readonly name = 'AnnouncementUnavailable';
}

/** An announcement cannot be made: no signing secret, or the webhook says no (4xx). Not retried: it would not help. */
export class AnnouncementRejected extends Error {
  override readonly name = 'AnnouncementRejected';
}

/** A step computed without end on one machine, and was ended. Not retried: it would do so again. */
export class StepStuck extends Error {
  override readonly name = 'StepStuck';
}

/** A step cannot end within its time, and says what it was at before it is ended from outside. Retried twice, as that is. */
export class StepTimedOut extends Error {
  override readonly name = 'StepTimedOut';
}

/** Whether the provider answered with an error, or not at all. */
export function isProviderError(error: unknown): error is Error {
  return error instanceof Error && error.name.startsWith('Provider');
}

/** Guarantee 1 broke: rows in and result lines out do not reconcile. Loud, never retried. */
export class CountsDoNotReconcile extends Error {
  override readonly name = 'CountsDoNotReconcile';
}

/** One failure as it is kept in checkpoints and results. `code` is the provider's, or one of ours. */
export interface Failure {
  /** The error's name, as Step Functions matches it. */
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

/** What a Catch leaves in the state under `$.error`. */
export interface CaughtError {
  readonly Error: string;
  readonly Cause?: string | undefined;
}

/** Longest provider text that may end in an error message, a log line or a checkpoint, in characters. */
export const MAX_PROVIDER_TEXT = 500;

/** Cuts text that came from outside to {@link MAX_PROVIDER_TEXT} characters. */
export function bounded(text: string): string {
  return text.length <= MAX_PROVIDER_TEXT ? text : `${text.slice(0, MAX_PROVIDER_TEXT)}…`;
}

/**
 * Puts a provider's code at the end of a message, where {@link failureFromCatch} finds it again after the
 * error has crossed Step Functions as text.
 */
export function withCode(message: string, code: string | undefined): string {
  return code === undefined || code === '' ? message : `${message} [${code}]`;
}

/** Reads what a Catch left behind: Lambda writes the cause as JSON, a local engine as plain text. */
export function failureFromCatch(caught: CaughtError): Failure {
  const message = causeMessage(caught.Cause ?? '') || caught.Error;
  const code = / \[([\w.-]+)\]$/.exec(message)?.[1];
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
