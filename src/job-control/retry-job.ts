import type { ProfileConfig } from '../config/config.ts';
import { mergeTables } from '../config/resolve-profile.ts';
import { defined } from '../defined.ts';
import { InvalidRequest, RequestConflict } from '../errors.ts';
import { lastExecution } from '../executions/executions.ts';
import { jobObject, type Job } from '../checkpoints/job.ts';
import { planObject } from '../checkpoints/plan.ts';
import { summaryObject, type Summary } from '../checkpoints/summary.ts';
import { jobKey } from '../checkpoints/keys.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { retryId } from './retry-id.ts';
import { rejectOtherHost } from './host-of-job.ts';
import { startJob, type StartEdges, type StartedJob } from './start-job.ts';

/** Settings of the retry; for absent fields, the retried job's settings apply. */
export interface RetryTreatment {
  readonly profile?: string | undefined;
  readonly overrides?: ProfileConfig | undefined;
}

/**
 * Starts a retry: a job that sends again the rows of another job that are not ok, and whose results are merged into that job's
 * results. The profile is read anew; the first job's overrides stay. An unfinished retry is resumed before another one may start.
 * @returns undefined when the job does not exist
 * @throws InvalidRequest when the job has nothing to retry, can be resumed instead, or belongs to another host; RequestConflict
 * when another retry is not finished
 */
export async function retryJob(
  edges: StartEdges,
  jobId: string,
  treatment: RetryTreatment = {},
): Promise<StartedJob | undefined> {
  const { store } = edges;
  const job = await jobObject.read(store, jobId);
  const summary = await summaryObject.read(store, jobId);
  if (job === undefined) {
    if (summary === undefined) return undefined;
    throw new InvalidRequest(
      `Job ${jobId} cannot be retried: its checkpoints are deleted, or it was never started. Run its dead letters as a new job.`,
    );
  }
  // Simulated and real answers must not be mixed.
  rejectOtherHost(edges, job);
  rejectOthers(job, summary);
  const nth = await nextRetry(edges, jobId, treatment);
  return startJob(edges, {
    jobId: retryId(jobId, nth),
    profile: treatment.profile ?? job.profile.name,
    overrides: mergeOverrides(job.overrides, treatment.overrides),
    inputs: () => Promise.resolve(job.inputs),
    owner: job.owner,
    limit: job.limit,
    retry: { jobId, nth },
  });
}

/**
 * Rejects jobs that cannot be retried.
 * @throws InvalidRequest for a job without rows to send again, or whose rows are not settled yet
 */
function rejectOthers({ jobId, retry }: Job, summary: Summary | undefined): void {
  if (retry !== undefined)
    throw new InvalidRequest(`Job ${jobId} is a retry of job ${retry.jobId}: retry that one.`);
  switch (summary?.status) {
    case 'partial':
      return;
    case undefined:
      throw new InvalidRequest(`Job ${jobId} has not ended: retry it when it has ended.`);
    case 'failed':
    case 'cancelled':
      throw new InvalidRequest(
        `Job ${jobId} is ${summary.status}: resume it, so that nothing is paid twice. Rows that are not ok after that can be retried.`,
      );
    case 'succeeded':
    case 'empty':
      throw new InvalidRequest(`Job ${jobId} has no rows that are not ok: there is nothing to retry.`);
  }
}

/** Fields of the retry's request take precedence over those of the job's request. */
function mergeOverrides(first: ProfileConfig = {}, now: ProfileConfig = {}): ProfileConfig {
  return { ...first, ...now, ...mergeTables(first, now) };
}

/** The retry to start: the last one if it is unfinished, otherwise a new one. */
async function nextRetry(
  { store, executions }: StartEdges,
  jobId: string,
  { profile, overrides }: RetryTreatment,
): Promise<number> {
  const last = await lastRetry(store, jobId);
  if (last === 0) return 1;
  const id = retryId(jobId, last);
  const running = (await lastExecution(executions, id))?.running === true;
  const summary = await summaryObject.read(store, id);
  if (!running && summary !== undefined && (await isOver(store, summary))) return last + 1;
  if (profile === undefined && Object.keys(defined(overrides ?? {})).length === 0) return last;
  throw new RequestConflict(
    `The last retry of job ${jobId}, ${id}, ${running ? 'is running' : 'is not finished'}: another one would pay for its rows again. Resume ${id}, or cancel it, and retry when it has ended.`,
  );
}

/** True if a retry can get no more answers: it has no open batch, and will not be resumed. */
async function isOver(store: ObjectStore, { jobId, status, open = [] }: Summary): Promise<boolean> {
  if (status === 'cancelled') return open.length === 0;
  if (status !== 'failed') return true;
  // The whole retry was rejected, so none of its rows was sent.
  return (await planObject.read(store, jobId))?.failure !== undefined;
}

/** Number of retries of the job. */
async function lastRetry(store: ObjectStore, jobId: string): Promise<number> {
  let nth = 0;
  while ((await store.stat(jobKey(retryId(jobId, nth + 1)))) !== undefined) nth += 1;
  return nth;
}
