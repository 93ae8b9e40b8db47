import { bounded, StoreRejected, StoreUnavailable } from '../errors.ts';

/** An S3 call for an error message: the required permission, and the object. */
export interface S3Call {
  readonly action: `s3:${string}`;
  readonly bucket: string;
  /** The object's key, or the prefix of a listing. */
  readonly key: string;
}

/** The known facts of a failure, with or without an answer of S3. */
interface S3Failure {
  /** S3's code (`SlowDown`), or Node's (`ECONNRESET`). */
  readonly code: string;
  /** Undefined if there was no answer. */
  readonly status: number | undefined;
  readonly message: string;
}

/** Codes for which a retry may succeed, although their status says otherwise. */
const TRANSIENT_CODES: ReadonlySet<string> = new Set([
  'AbortError',
  'ExpiredToken',
  'NoSuchUpload',
  'RequestTimeout',
  'RequestTimeTooSkewed',
  'SyntaxError',
  'TimeoutError',
]);

/** 409 and 412: another writer wrote at the same time; the step restarts from the current state. */
const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 409, 412, 429]);

/** Converts an SDK error to a named error, with the SDK's error as its cause. */
export function storeError(error: unknown, { action, bucket, key }: S3Call): Error {
  const failure = readFailure(error);
  const { code, status } = failure;
  const call = `${action} on s3://${bucket}/${key}`;
  if (code === 'NoSuchBucket') {
    return new StoreRejected(`There is no bucket "${bucket}" for ${call}. Check STORE.`, { cause: error });
  }
  if (isTransient(failure)) {
    return new StoreUnavailable(`${call} did not succeed: ${code}. Try again later.`, { cause: error });
  }
  const answer = `${call}: ${code} (${bounded(failure.message)})`;
  if (status === 401 || status === 403) {
    return new StoreRejected(`S3 denies ${answer}. Allow that action there.`, { cause: error });
  }
  return new StoreRejected(`S3 cannot do ${answer}.`, { cause: error });
}

/** True if the object or its version does not exist. A missing bucket is an error, not a missing object. */
export function isMissing(error: unknown): boolean {
  const { code, status } = readFailure(error);
  return code !== 'NoSuchBucket' && (status === 404 || isDeleteMarker(error));
}

/** True for a version id that is a delete marker: S3 answers 405. */
function isDeleteMarker(error: unknown): boolean {
  return httpStatusOf(error) === 405;
}

/** The HTTP status of S3's answer; undefined if there was no answer. */
export function httpStatusOf(error: unknown): number | undefined {
  return readFailure(error).status;
}

function isTransient({ code, status }: S3Failure): boolean {
  if (TRANSIENT_CODES.has(code)) return true;
  // Node's codes (ECONNRESET, ENOTFOUND, EPIPE, …) are in capitals; codes of the SDK's own failures (no region, no credentials)
  // are not.
  if (status === undefined) return /^E[A-Z_]+$/.test(code);
  return status >= 500 || TRANSIENT_STATUSES.has(status);
}

function readFailure(error: unknown): S3Failure {
  if (!(error instanceof Error)) return { code: 'unknown', status: undefined, message: String(error) };
  const { name, message, code, $metadata } = error as Error & {
    code?: unknown;
    $metadata?: { httpStatusCode?: number };
  };
  const status = $metadata?.httpStatusCode;
  return { code: status === undefined && typeof code === 'string' ? code : name, status, message };
}
