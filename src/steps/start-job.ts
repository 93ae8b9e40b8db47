import type { NightshiftConfig, ProfileConfig } from '../config/config.ts';
import { resolveProfile } from '../config/resolve-profile.ts';
import type { Edges } from '../edges.ts';
import type { Executions } from '../executions/executions.ts';
import type { InputRef, Job } from '../job.ts';
import { jobKey, summaryKey } from '../keys.ts';
import { readJson } from '../store/json.ts';

export interface StartEdges extends Edges {
  readonly config: NightshiftConfig;
  readonly executions: Executions;
}

/** What every door hands over: which input, how to treat it, and what makes it one job. */
export interface JobRequest {
  readonly jobId: string;
  readonly inputs: readonly InputRef[];
  readonly profile: string;
  readonly overrides?: ProfileConfig;
}

export interface StartedJob {
  readonly jobId: string;
  /** `started` is new; `resumed` was known and goes on from its checkpoints; `finished` had ended: nothing to do. */
  readonly state: 'started' | 'resumed' | 'finished';
  /** The execution's name, unless nothing had to be started. */
  readonly execution?: string;
}

/** A job that failed this often is not resumed by itself any more: its execution names are used up. */
const MAX_EXECUTIONS = 100;

/**
 * The one way a job starts, and starts again. `job.json` is written once and wins over a later request for the same
 * job, so that a resume goes on with the profile the job began with.
 * @throws InvalidRequest when the profile or an override is not valid; nothing is written then.
 */
export async function startJob(edges: StartEdges, request: JobRequest): Promise<StartedJob> {
  const { jobId } = request;
  const known = await recordJob(edges, request);
  if (known && (await hasFinished(edges, jobId))) {
    edges.log('job_already_known', { jobId });
    return { jobId, state: 'finished' };
  }
  for (let n = 1; n <= MAX_EXECUTIONS; n += 1) {
    const execution = n === 1 ? jobId : `${jobId}-r${n}`;
    if ((await edges.executions.start(execution, { jobId })) === 'started') {
      edges.log(known ? 'job_resumed' : 'job_started', { jobId, execution });
      return { jobId, state: known ? 'resumed' : 'started', execution };
    }
  }
  throw new Error(
    `Job ${jobId} was started ${MAX_EXECUTIONS} times; drop its input again to make a new job.`,
  );
}

/** Writes `job.json` unless the job is known already; true when it was. */
async function recordJob({ store, config, clock }: StartEdges, request: JobRequest): Promise<boolean> {
  const job: Job = {
    jobId: request.jobId,
    inputs: request.inputs,
    profile: resolveProfile(config, request.profile, request.overrides),
    createdAt: new Date(clock.now()).toISOString(),
  };
  return !(await store.createIfAbsent(jobKey(request.jobId), `${JSON.stringify(job)}\n`));
}

/** A job that failed can be started again; one that came to its end, with or without dead letters, cannot. */
async function hasFinished({ store }: StartEdges, jobId: string): Promise<boolean> {
  const summary = await readJson<{ status: string }>(store, summaryKey(jobId));
  return summary !== undefined && summary.status !== 'failed';
}
