import { jobKey } from './keys.ts';
import { storedObject } from './stored-object.ts';
import type { ResolvedProfile } from './profile.ts';

/** `job.json`: one request, resolved against its profile. Everything later steps need to know; no secrets. */
export interface Job {
  readonly jobId: string;
  readonly inputs: readonly InputRef[];
  readonly profile: ResolvedProfile;
  /** When the job was asked for, ISO 8601. */
  readonly createdAt: string;
  /** Of the request as the API took it; absent for other doors. */
  readonly requestHash?: string;
  /** The API's caller who asked for it; absent for other doors. */
  readonly owner?: string;
  /** Files below the request's prefix that are not its inputs; absent when there are none. */
  readonly skipped?: SkippedFiles;
  /** The schedule whose prefix the inputs were claimed below. */
  readonly schedule?: string;
  /** The schedule that asked for it; absent for other doors, and in jobs of earlier versions. */
  readonly scheduledBy?: string;
  /** What the request asked for instead of its profile's fields; a retry asks for the same. */
  readonly overrides?: Readonly<Record<string, unknown>>;
  /** Set on a job that asks the rows of another one again that are not ok. */
  readonly retry?: RetryOf;
  /** A sample: only so many rows are taken, from the first on. */
  readonly limit?: number;
  /** The sample of the same inputs whose answers this job takes. */
  readonly sample?: { readonly jobId: string; readonly results: string };
  /** A simulator on this machine makes up the answers, whatever provider the profile names. */
  readonly simulated?: true;
}

/** Which job's rows are asked again: its results are where this job's results go, too. */
export interface RetryOf {
  readonly jobId: string;
  /** Counts the retries of that job from 1. */
  readonly nth: number;
}

export interface InputRef {
  readonly key: string;
  /** S3 version id of the very object that was dropped; absent for stores without versions. */
  readonly version?: string | undefined;
  /** Where there are no versions: what the file was when its job was started. Another one is not read in its place. */
  readonly etag?: string | undefined;
}

/** Files below a prefix that were left out: of no known format, or empty. */
export interface SkippedFiles {
  readonly count: number;
  /** The first {@link MAX_LISTED_SKIPPED} keys. */
  readonly keys: readonly string[];
}

export const MAX_LISTED_SKIPPED = 100;

export const jobObject = storedObject<Job, string>(jobKey);
