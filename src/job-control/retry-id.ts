import { jobKey } from '../checkpoints/keys.ts';
import type { Job } from '../checkpoints/job.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** The jobId of a job's nth retry, counted from 1. */
export function retryId(jobId: string, nth: number): string {
  return `${jobId}-retry-${nth}`;
}

/** The job that a retry's jobId names; undefined for the jobId of a job that is not a retry. */
export function retriedJobOf(jobId: string): string | undefined {
  return /^(.+)-retry-[1-9]\d*$/.exec(jobId)?.[1];
}

/** True if a later retry has taken over the rows of this one, so that this one must not be resumed. */
export async function isOvertaken(store: ObjectStore, { retry }: Pick<Job, 'retry'>): Promise<boolean> {
  if (retry === undefined) return false;
  return (await store.stat(jobKey(retryId(retry.jobId, retry.nth + 1)))) !== undefined;
}
