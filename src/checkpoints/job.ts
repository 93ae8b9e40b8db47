import { jobKey } from './keys.ts';
import { storedObject } from './stored-object.ts';
import type { ResolvedProfile } from './profile.ts';

/** `job.json`: one request, resolved against its profile. Contains everything that later steps need, and no secrets. */
export interface Job {
  readonly jobId: string;
  readonly inputs: readonly InputRef[];
  readonly profile: ResolvedProfile;
  /** When the job was requested, ISO 8601. */
  readonly createdAt: string;
  /** Hash of the API request; absent for jobs started another way. */
  readonly requestHash?: string;
  /** The API caller who requested the job; absent for jobs started another way. */
  readonly owner?: string;
  /** Files below the request's prefix that are not inputs; absent if there are none. */
  readonly skipped?: SkippedFiles;
  /** The schedule that claimed the inputs below its prefix. */
  readonly schedule?: string;
  /** The schedule that requested the job; absent for other jobs and in jobs of earlier versions. */
  readonly scheduledBy?: string;
  /** Fields of the profile that the request replaced; a retry applies them again. */
  readonly overrides?: Readonly<Record<string, unknown>>;
  /** Set on a retry: a job that sends again the rows of another job that are not ok. */
  readonly retry?: RetryOf;
  /** Set on a sample: the number of rows to use, beginning with the first row. */
  readonly limit?: number;
  /** The sample of the same inputs whose answers this job reuses. */
  readonly sample?: { readonly jobId: string; readonly results: string };
  /** A simulator on this machine generates the answers, whatever provider the profile names. */
  readonly simulated?: true;
}

/** The job whose rows are sent again. This job's results are written into that job's results. */
export interface RetryOf {
  readonly jobId: string;
  /** Number of the retry of that job, from 1. */
  readonly nth: number;
}

export interface InputRef {
  readonly key: string;
  /** S3 version id of the dropped object; absent for stores without versions. */
  readonly version?: string | undefined;
  /**
   * Set in stores without versions: the file's ETag when the job was started. A file with another ETag is not read in its place.
   */
  readonly etag?: string | undefined;
}

/** Files below a prefix that were left out: of unknown format, or empty. */
export interface SkippedFiles {
  readonly count: number;
  /** The first {@link MAX_LISTED_SKIPPED} keys. */
  readonly keys: readonly string[];
}

export const MAX_LISTED_SKIPPED = 100;

export const jobObject = storedObject<Job, string>(jobKey);
