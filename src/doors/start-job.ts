import type { NightshiftConfig, ProfileConfig } from '../config/config.ts';
import { resolveProfile } from '../config/resolve-profile.ts';
import { defined } from '../defined.ts';
import type { Edges } from '../edges.ts';
import { InvalidRequest, RequestConflict } from '../errors.ts';
import type { Limits } from '../checkpoints/ledger.ts';
import { limitsOf } from '../spending/limits.ts';
import { renewLimits } from '../spending/renew-limits.ts';
import { lastExecution, startExecution, type Executions } from '../executions/executions.ts';
import { jobObject, type InputRef, type Job, type RetryOf, type SkippedFiles } from '../checkpoints/job.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import { summaryObject } from '../checkpoints/summary.ts';
import { planObject } from '../checkpoints/plan.ts';
import { indexKey, jobKey, stopKey, summaryKey } from '../checkpoints/keys.ts';
import { isOvertaken } from './retry-id.ts';
import { isCancelled, readStop } from '../checkpoints/stop.ts';
import { SIMULATED } from '../config/known-providers.ts';
import { findSample, noteSample } from './sample.ts';
import { rejectElsewhere } from './whose-answers.ts';

export interface StartEdges extends Edges {
  readonly config: NightshiftConfig;
  readonly executions: Executions;
  /**
   * A simulator answers every job that is started here, whatever provider its profile or its request names: this host
   * calls no real one. Never on AWS.
   */
  readonly simulated?: true | undefined;
}

/** What every door hands over: which input, how to treat it, and what makes it one job. */
export interface StartRequest {
  readonly jobId: string;
  readonly profile: string;
  readonly overrides?: ProfileConfig | undefined;
  /** The input files, in order. Asked for only when the job is new. */
  readonly inputs: () => Promise<readonly InputRef[]>;
  /** What was found below the request's prefix and is no input; asked for after the inputs. */
  readonly skipped?: () => SkippedFiles | undefined;
  /** The schedule whose prefix the inputs were claimed below. */
  readonly schedule?: string | undefined;
  /** The schedule that asks. */
  readonly scheduledBy?: string | undefined;
  /** Take only so many rows, from the first on: a sample. */
  readonly limit?: number | undefined;
  /** Tells this request from another one under the same jobId, which is then refused. */
  readonly requestHash?: string | undefined;
  /** Who asked for it through the API. */
  readonly owner?: string | undefined;
  /** The job whose rows are asked again. */
  readonly retry?: RetryOf | undefined;
}

export interface StartedJob {
  readonly jobId: string;
  /**
   * `started` is new; `resumed` was known and goes on from its checkpoints; `running` runs already; `cancelling` is
   * being cancelled; `finished` had ended: nothing to do.
   */
  readonly state: 'started' | 'resumed' | 'running' | 'cancelling' | 'finished';
  /** The execution's name, unless nothing runs. */
  readonly execution?: string;
}

/**
 * The one way a job starts, and starts again. `job.json` is written once and wins over a later request for the same
 * job, so that a resume goes on with the profile and the inputs the job began with.
 * @throws InvalidRequest when the profile, an override or an input is not valid; the job is not known then.
 * @throws RequestConflict when the job is known by another request.
 */
export async function startJob(edges: StartEdges, request: StartRequest): Promise<StartedJob> {
  const { store, executions, log } = edges;
  const { jobId } = request;
  if (await isForgotten(store, jobId)) {
    log('job_already_known', { jobId });
    return { jobId, state: 'finished' };
  }
  const { job, known } = await recordJob(edges, request);
  if (request.requestHash !== undefined && job.requestHash !== request.requestHash) {
    throw new RequestConflict(`Job ${jobId} was started by another request under the same key.`);
  }
  await store.put(indexKey(job.createdAt, jobId), '');
  if (known) return goOn(edges, job);
  // It may have been refused before, for an input that was not there yet.
  await store.delete(summaryKey(jobId));
  const execution = await startExecution(executions, jobId);
  log('job_started', { jobId, execution });
  return { jobId, state: 'started', execution };
}

/**
 * Whether the job ran, and so long ago that the bucket has forgotten its checkpoints: its summary answers for it, so that it
 * is not paid for again. A job that was refused or empty has no provider, and may start.
 */
async function isForgotten(store: Edges['store'], jobId: string): Promise<boolean> {
  if ((await store.stat(jobKey(jobId))) !== undefined) return false;
  return (await summaryObject.read(store, jobId))?.provider !== undefined;
}

/** Writes `job.json` unless the job is known already. */
async function recordJob(edges: StartEdges, request: StartRequest): Promise<{ job: Job; known: boolean }> {
  const { store, config, clock, simulated } = edges;
  const { jobId, profile, overrides, retry } = request;
  const { requestHash, schedule, scheduledBy, owner, limit } = request;
  const before = await jobObject.read(store, jobId);
  if (before !== undefined) return { job: before, known: true };
  const asked: Job = {
    jobId,
    profile: simulated
      ? simulatedSteps(resolveProfile(config, profile, { ...overrides, ...SIMULATED }))
      : resolveProfile(config, profile, overrides),
    inputs: await request.inputs(),
    createdAt: new Date(clock.now()).toISOString(),
    ...defined({ requestHash, schedule, scheduledBy, owner, limit, retry, simulated }),
    ...defined({ skipped: request.skipped?.() }),
    ...(overrides !== undefined && Object.keys(overrides).length > 0 && { overrides }),
  };
  // A retry takes the rows that are not ok; their answers are in no sample.
  const sample = retry === undefined ? await findSample(edges, asked) : undefined;
  const job: Job = sample === undefined ? asked : { ...asked, sample };
  const first = await jobObject.create(store, jobId, job);
  if (!first) return { job: await jobObject.require(store, jobId), known: true };
  if (retry === undefined) await noteSample(edges, job);
  return { job, known: false };
}

/** A simulator stands in for the provider of every step. */
function simulatedSteps(profile: ResolvedProfile): ResolvedProfile {
  const { then, provider, polling } = profile;
  return then === undefined
    ? profile
    : { ...profile, then: then.map((step) => ({ ...step, provider, polling })) };
}

/**
 * A known job that was asked for once more: one that failed goes on; one that came to its end does not, and one that was
 * cancelled does so only when a person says so.
 */
async function goOn(edges: StartEdges, job: Job): Promise<StartedJob> {
  const { store, log } = edges;
  const { jobId } = job;
  const last = await lastExecution(edges.executions, jobId);
  const cancelled = isCancelled(await readStop(store, jobId));
  if (last?.running === true) {
    return { jobId, state: cancelled ? 'cancelling' : 'running', execution: last.name };
  }
  if (cancelled || (await hasFinished(store, jobId)) || (await isOvertaken(store, job))) {
    log('job_already_known', { jobId });
    return { jobId, state: 'finished' };
  }
  rejectElsewhere(edges, await jobObject.require(store, jobId));
  return resume(edges, jobId);
}

/**
 * Lets a job that failed or was cancelled go on from its checkpoints.
 * @returns undefined when there is no such job.
 */
export async function resumeJob(edges: StartEdges, jobId: string): Promise<StartedJob | undefined> {
  const { store, executions } = edges;
  const job = await jobObject.read(store, jobId);
  if (job === undefined) return unstarted(store, jobId);
  if (await isOvertaken(store, job)) return { jobId, state: 'finished' };
  const last = await lastExecution(executions, jobId);
  if (last?.running === true) {
    const cancelling = isCancelled(await readStop(store, jobId));
    return { jobId, state: cancelling ? 'cancelling' : 'running', execution: last.name };
  }
  const summary = await summaryObject.read(store, jobId);
  const ended =
    summary?.status === 'succeeded' || summary?.status === 'partial' || summary?.status === 'empty';
  const refused = summary !== undefined && (await isRefused(store, jobId));
  if (ended || refused) return { jobId, state: 'finished' };
  rejectElsewhere(edges, await jobObject.require(store, jobId));
  return resume(edges, jobId);
}

/** A job that was refused or empty has ended without ever being started. */
async function unstarted(store: Edges['store'], jobId: string): Promise<StartedJob | undefined> {
  return (await store.stat(summaryKey(jobId))) === undefined ? undefined : { jobId, state: 'finished' };
}

async function resume(edges: StartEdges, jobId: string): Promise<StartedJob> {
  const { store, executions, log } = edges;
  await renew(edges, await jobObject.require(store, jobId));
  await store.delete(stopKey(jobId));
  // A job with a summary has ended; this one has not any more.
  await store.delete(summaryKey(jobId));
  const execution = await startExecution(executions, jobId);
  log('job_resumed', { jobId, execution });
  return { jobId, state: 'resumed', execution };
}

/** A job goes on with the limits that its profile has now; with its own where the profile is gone, or is wrong. */
async function renew({ store, config }: StartEdges, job: Job): Promise<void> {
  const { profile, overrides } = job;
  await renewLimits(store, job, limitsNow() ?? limitsOf(profile));

  function limitsNow(): Limits | undefined {
    try {
      return limitsOf(resolveProfile(config, profile.name, overrides));
    } catch (error) {
      if (error instanceof InvalidRequest) return undefined;
      throw error;
    }
  }
}

/**
 * A job that failed can be started again; one that came to its end, with or without dead letters, cannot, and one whose rows
 * were refused would be refused again.
 */
async function hasFinished(store: Edges['store'], jobId: string): Promise<boolean> {
  const summary = await summaryObject.read(store, jobId);
  return summary !== undefined && (summary.status !== 'failed' || (await isRefused(store, jobId)));
}

/** Whether the job's plan says that nothing of it is ever sent: its rows are deleted once they are in its results. */
async function isRefused(store: Edges['store'], jobId: string): Promise<boolean> {
  return (await planObject.read(store, jobId))?.failure !== undefined;
}
