import { jobObject, type Job } from '../src/checkpoints/job.ts';
import { jobKey, jobPrefix, summaryKey } from '../src/checkpoints/keys.ts';
import { summaryObject, type Summary } from '../src/checkpoints/summary.ts';
import { InvalidRequest } from '../src/errors.ts';
import { retriedJobOf, retryId } from '../src/job-control/retry-id.ts';
import type { ObjectStore } from '../src/store/object-store.ts';

/** A job that people may forget, as a whole or by rows. */
export interface ForgettableJob {
  readonly summary: Summary | undefined;
  /** Its retries in their order, and the job itself at the end. */
  readonly ids: readonly string[];
  /** Its input files, without those that the job created. */
  readonly inputs: readonly string[];
}

/**
 * Reads a job and finds its retries.
 * @param advice the end of the error if the job is a retry: what to forget instead
 * @returns undefined when the job does not exist
 * @throws InvalidRequest when the job is a retry
 */
export async function openForgettable(
  store: ObjectStore,
  jobId: string,
  advice: string,
): Promise<ForgettableJob | undefined> {
  const [job, summary] = [await jobObject.read(store, jobId), await summaryObject.read(store, jobId)];
  if (job === undefined && summary === undefined) return undefined;
  const retried = await retriedBy(store, jobId, job);
  if (retried !== undefined)
    throw new InvalidRequest(`Job ${jobId} is a retry: its answers are those of job ${retried}. ${advice}`);
  const inputs = (job?.inputs ?? summary?.inputs ?? []).map(({ key }) => key);
  return {
    summary,
    ids: [...(await retriesOf(store, jobId)), jobId],
    inputs: inputs.filter((key) => !key.startsWith(jobPrefix(jobId))),
  };
}

/**
 * The job that a retry belongs to, also after the retry's own record is deleted.
 * @param job the record; undefined if it is deleted
 * @returns undefined for a job that is not a retry
 */
export async function retriedBy(
  store: ObjectStore,
  jobId: string,
  job: Job | undefined,
): Promise<string | undefined> {
  if (job !== undefined) return job.retry?.jobId;
  const retried = retriedJobOf(jobId);
  return retried !== undefined && (await summaryObject.read(store, retried)) ? retried : undefined;
}

/** The retries of a job, in their order. */
async function retriesOf(store: ObjectStore, jobId: string): Promise<string[]> {
  const retries: string[] = [];
  for (let nth = 1; ; nth += 1) {
    const id = retryId(jobId, nth);
    const isThere = (await store.stat(jobKey(id))) ?? (await store.stat(summaryKey(id)));
    if (isThere === undefined) return retries;
    retries.push(id);
  }
}
