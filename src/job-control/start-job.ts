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
import { rejectOtherHost } from './host-of-job.ts';

export interface StartEdges extends Edges {
  readonly config: NightshiftConfig;
  readonly executions: Executions;
  /**
   * A simulator answers every job of this host, whatever provider the job names. The host calls no real provider. Never set on
   * AWS.
   */
  readonly simulated?: true | undefined;
}

/**
 * A request to start a job, in the form that every way of starting one provides: the input, the settings, and the identity of the
 * job.
 */
export interface StartRequest {
  readonly jobId: string;
  readonly profile: string;
  readonly overrides?: ProfileConfig | undefined;
  /** The input files, in order. Called only if the job is new. */
  readonly inputs: () => Promise<readonly InputRef[]>;
  /** Files below the request's prefix that are not inputs. Called after `inputs`. */
  readonly skipped?: () => SkippedFiles | undefined;
  /** The schedule whose prefix the inputs were claimed below. */
  readonly schedule?: string | undefined;
  /** The schedule that requests the job. */
  readonly scheduledBy?: string | undefined;
  /** Number of rows of a sample, counted from the first row. */
  readonly limit?: number | undefined;
  /** Distinguishes this request from another one under the same jobId, which is then rejected. */
  readonly requestHash?: string | undefined;
  /** The API caller who requested the job. */
  readonly owner?: string | undefined;
  /** The job whose rows are sent again. */
  readonly retry?: RetryOf | undefined;
}

export interface StartedJob {
  readonly jobId: string;
  /**
   * `started`: a new job; `resumed`: a known job that continues from its checkpoints; `running`: already running; `cancelling`:
   * being cancelled; `finished`: had ended, so there is nothing to do.
   */
  readonly state: 'started' | 'resumed' | 'running' | 'cancelling' | 'finished';
  /** The execution's name, unless nothing runs. */
  readonly execution?: string;
}

/**
 * Starts a job, or resumes it. Drops, schedules, the API and the command line all call this function. `job.json` is written once
 * and takes precedence over a later request for the same job, so that a resume uses the profile and inputs that the job began
 * with.
 * @throws InvalidRequest when the profile, an override or an input is not valid; no job is recorded then
 * @throws RequestConflict when another request has started a job under this jobId
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
  // An earlier request may have been rejected because the input did not exist yet.
  await store.delete(summaryKey(jobId));
  const execution = await startExecution(executions, jobId);
  log('job_started', { jobId, execution });
  return { jobId, state: 'started', execution };
}

/**
 * True if the job ran so long ago that the bucket has deleted its checkpoints. Its summary then prevents the job from running,
 * and being paid for, again. A rejected or empty job has no provider in its summary, and may start.
 */
async function isForgotten(store: Edges['store'], jobId: string): Promise<boolean> {
  if ((await store.stat(jobKey(jobId))) !== undefined) return false;
  return (await summaryObject.read(store, jobId))?.provider !== undefined;
}

/** Writes `job.json` unless it exists. */
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
  // A retry sends rows that are not ok, and a sample has no answers for those.
  const sample = retry === undefined ? await findSample(edges, asked) : undefined;
  const job: Job = sample === undefined ? asked : { ...asked, sample };
  const first = await jobObject.create(store, jobId, job);
  if (!first) return { job: await jobObject.require(store, jobId), known: true };
  if (retry === undefined) await noteSample(edges, job);
  return { job, known: false };
}

/** Replaces the provider of every step by the simulator. */
function simulatedSteps(profile: ResolvedProfile): ResolvedProfile {
  const { then, provider, polling } = profile;
  return then === undefined
    ? profile
    : { ...profile, then: then.map((step) => ({ ...step, provider, polling })) };
}

/**
 * Handles a request for a known job: resumes it if it failed, but not if it finished. A cancelled job is resumed only by an
 * explicit resume.
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
  rejectOtherHost(edges, await jobObject.require(store, jobId));
  return resume(edges, jobId);
}

/**
 * Resumes a failed or cancelled job from its checkpoints.
 * @returns undefined when the job does not exist
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
  const isRejected = summary !== undefined && (await isPlanRejected(store, jobId));
  if (ended || isRejected) return { jobId, state: 'finished' };
  rejectOtherHost(edges, await jobObject.require(store, jobId));
  return resume(edges, jobId);
}

/** Returns `finished` for a rejected or empty job, which has ended without being started. */
async function unstarted(store: Edges['store'], jobId: string): Promise<StartedJob | undefined> {
  return (await store.stat(summaryKey(jobId))) === undefined ? undefined : { jobId, state: 'finished' };
}

async function resume(edges: StartEdges, jobId: string): Promise<StartedJob> {
  const { store, executions, log } = edges;
  await renew(edges, await jobObject.require(store, jobId));
  await store.delete(stopKey(jobId));
  // A summary means that a job has ended, so a resumed job has none.
  await store.delete(summaryKey(jobId));
  const execution = await startExecution(executions, jobId);
  log('job_resumed', { jobId, execution });
  return { jobId, state: 'resumed', execution };
}

/** Updates the limits of a resumed job from its profile; keeps the job's own limits if the profile is missing or invalid. */
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
 * True if a job cannot be resumed: it finished, with or without dead letters, or its rows were rejected and would be rejected
 * again.
 */
async function hasFinished(store: Edges['store'], jobId: string): Promise<boolean> {
  const summary = await summaryObject.read(store, jobId);
  return summary !== undefined && (summary.status !== 'failed' || (await isPlanRejected(store, jobId)));
}

/** True if the job's plan forbids sending any row. The rows of such a job are deleted once they are in its results. */
async function isPlanRejected(store: Edges['store'], jobId: string): Promise<boolean> {
  return (await planObject.read(store, jobId))?.failure !== undefined;
}
