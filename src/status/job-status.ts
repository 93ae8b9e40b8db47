import { isOpenState, type JobState } from './job-states.ts';
import { addCounts } from '../checkpoints/outcomes.ts';
import { shownInputs } from '../requests/shown-inputs.ts';
import type { Executions } from '../executions/executions.ts';
import { lastExecution } from '../executions/executions.ts';
import type { OutcomeCounts } from '../checkpoints/counts.ts';
import { invalidRows, type KnownError } from '../checkpoints/invalid-rows.ts';
import { jobObject, type Job } from '../checkpoints/job.ts';
import { pilotObject, type Pilot, type WithoutPilot } from '../checkpoints/pilot.ts';
import { planObject, type Plan } from '../checkpoints/plan.ts';
import type { OpenBatch } from '../checkpoints/shard/shard-end.ts';
import { summaryObject, type Summary } from '../checkpoints/summary.ts';
import { summaryKey } from '../checkpoints/keys.ts';
import { isCancelled, readStop } from '../checkpoints/stop.ts';
import { withoutPilot } from '../pilot/without-pilot.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { readLeftOpen } from './left-open.ts';
import { readShards, type ShardStatus } from './shard-status.ts';

/** One line about a job. */
export interface JobOverview {
  readonly jobId: string;
  readonly status: JobState;
  readonly profile: string;
  readonly createdAt: string;
  readonly endedAt?: string;
}

/** Everything that is known about a running or ended job. */
export interface JobStatus extends JobOverview {
  readonly inputs: Job['inputs'];
  /** Set if a simulator generates the answers. */
  readonly simulated?: true;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly endpoint?: string | undefined;
  /** Input rows; absent until Build has counted them. */
  readonly rows?: number;
  /** Only in a job with a pilot, once its rows are chosen. */
  readonly pilot?: Pilot;
  /** Set if the job has too few rows for the pilot of its profile. */
  readonly withoutPilot?: WithoutPilot;
  /** Rows with a final outcome so far. */
  readonly counts: OutcomeCounts;
  /** Number of shards by state. */
  readonly shards: Readonly<Record<ShardStatus['state'] | 'total', number>>;
  /** The first {@link MAX_SHOWN_SHARDS} shards that are not done. */
  readonly openShards: readonly ShardStatus[];
  /** Batches that the job left open; absent while it is running. */
  readonly open?: readonly OpenBatch[];
  readonly failure?: Summary['failure'];
  readonly advice?: string | undefined;
  /** Rows that are not ok, by outcome and code; absent if there are none. */
  readonly errors?: readonly KnownError[];
  /** Keys of the result files, once they exist. */
  readonly results?: string | undefined;
  readonly deadLetters?: string | undefined;
  readonly report?: string | undefined;
  readonly summary?: string;
}

export interface StatusEdges {
  readonly store: ObjectStore;
  readonly executions: Executions;
}

const MAX_SHOWN_SHARDS = 100;

interface Facts {
  readonly job: Job | undefined;
  readonly summary: Summary | undefined;
  readonly status: JobState;
  readonly pilot?: Pilot | undefined;
}

/**
 * Reads what the list of jobs shows of a job.
 * @param owner the API caller who must own the job; default: any
 * @returns undefined when the job does not exist
 */
export async function readOverview(
  edges: StatusEdges,
  jobId: string,
  owner?: string,
): Promise<JobOverview | undefined> {
  const facts = await readFacts(edges, jobId);
  return facts === undefined || (owner !== undefined && facts.job?.owner !== owner)
    ? undefined
    : overview(jobId, facts);
}

/**
 * Reads the status of a job, with its first open shards.
 * @returns undefined when the job does not exist
 */
export async function readStatus(edges: StatusEdges, jobId: string): Promise<JobStatus | undefined> {
  return (await readDetails(edges, jobId))?.status;
}

/** A job's status with all of its shards. */
export interface JobDetails {
  readonly status: JobStatus;
  /** In order; empty while Build runs, and for an old job whose plan is deleted. */
  readonly shards: readonly ShardStatus[];
}

/** {@link readStatus} with every shard. @returns undefined when the job does not exist. */
export async function readDetails(edges: StatusEdges, jobId: string): Promise<JobDetails | undefined> {
  const facts = await readFacts(edges, jobId);
  if (facts === undefined) return undefined;
  const plan = await planObject.read(edges.store, jobId);
  // A rejected job has no files in its shards any more.
  const shards =
    plan === undefined || plan.failure !== undefined ? [] : await readShards(edges.store, jobId, plan);
  const status = statusOf(jobId, facts, plan, shards);
  // The job ended without a summary.
  const isUntold = facts.summary === undefined && facts.status === 'failed';
  const open = isUntold ? await readLeftOpen(edges.store, jobId, shards) : [];
  return { status: open.length === 0 ? status : { ...status, open }, shards };
}

function statusOf(
  jobId: string,
  facts: Facts,
  plan: Plan | undefined,
  shards: readonly ShardStatus[],
): JobStatus {
  const { job, summary, pilot = summary?.pilot } = facts;
  const ended = overview(jobId, facts).endedAt !== undefined ? summary : undefined;
  const rows = plan?.rows ?? ended?.rows;
  const alone = summary?.withoutPilot ?? (job && plan && withoutPilot(job, plan));
  return {
    ...overview(jobId, facts),
    inputs: shownInputs(job?.inputs ?? summary?.inputs ?? []),
    ...((job?.simulated ?? summary?.simulated) && { simulated: true }),
    provider: job?.profile.provider.name ?? summary?.provider,
    model: job?.profile.model ?? summary?.model,
    endpoint: job?.profile.endpoint ?? summary?.endpoint,
    ...(rows === undefined ? {} : { rows }),
    ...(pilot && { pilot }),
    ...(alone && { withoutPilot: alone }),
    counts: addCounts(ended === undefined ? shards.map((shard) => shard.counts) : [ended.counts]),
    shards: countStates(shards, {
      total: summary?.shards ?? 0,
      state: plan?.failure === undefined ? 'done' : 'stopped',
    }),
    openShards: shards.filter(({ state }) => state !== 'done').slice(0, MAX_SHOWN_SHARDS),
    ...(ended && { ...resultsOf(ended), summary: summaryKey(jobId) }),
  };
}

async function readFacts({ store, executions }: StatusEdges, jobId: string): Promise<Facts | undefined> {
  const [job, summary] = await Promise.all([jobObject.read(store, jobId), summaryObject.read(store, jobId)]);
  if (job === undefined && summary === undefined) return undefined;
  // A resume deletes the summary before it starts an execution, so a job with a summary has none running.
  const mayRun = summary === undefined && job !== undefined;
  const last = mayRun ? await lastExecution(executions, jobId) : undefined;
  const cancelled = last?.running === true && isCancelled(await readStop(store, jobId));
  const isBegun = mayRun && last === undefined && (await store.stat(planObject.keyOf(jobId))) !== undefined;
  const pilot = mayRun && job.profile.pilot !== undefined ? await pilotObject.read(store, jobId) : undefined;
  // Only on one machine: the process of the job has ended, and no other one has resumed it.
  if (isBegun) return { job, summary, pilot, status: 'stopped' };
  const status = stateOf(summary, last?.running, cancelled);
  return {
    job,
    summary,
    pilot,
    status: status === 'running' && pilot?.state === 'waiting' ? 'waiting' : status,
  };
}

/**
 * The state of a job that people see.
 * @param running whether the job's last execution is running; undefined if it never had one
 */
function stateOf(summary: Summary | undefined, running: boolean | undefined, cancelled: boolean): JobState {
  if (running === true) return cancelled ? 'cancelling' : 'running';
  if (summary !== undefined) return summary.status;
  // `failed`: the job ended without a summary. The execution's history shows the reason, and the job can be resumed.
  return running === undefined ? 'queued' : 'failed';
}

function overview(jobId: string, { job, summary, status }: Facts): JobOverview {
  return {
    jobId,
    status,
    profile: job?.profile.name ?? summary?.profile ?? '',
    createdAt: job?.createdAt ?? summary?.startedAt ?? '',
    ...(summary === undefined || isOpenState(status) ? {} : { endedAt: summary.endedAt }),
  };
}

function resultsOf(summary: Summary): Partial<JobStatus> {
  const { failure, advice, results, deadLetters, report, open = [] } = summary;
  // Summaries of older versions have no errors.
  const errors = [...((summary as Partial<Summary>).errors ?? []), ...invalidRows(summary)];
  return {
    ...(errors.length === 0 ? {} : { errors }),
    ...(report === undefined ? {} : { report }),
    ...(open.length === 0 ? {} : { open }),
    ...(failure === undefined ? {} : { failure, advice }),
    ...(results === undefined ? {} : { results }),
    ...(deadLetters === undefined ? {} : { deadLetters }),
  };
}

/**
 * Counts the shards by state.
 * @param known counts for shards without files: an old job's plan is deleted before its summary
 */
function countStates(
  shards: readonly ShardStatus[],
  known: { readonly total: number; readonly state: 'done' | 'stopped' },
): JobStatus['shards'] {
  const count = (state: ShardStatus['state']): number =>
    shards.length === 0 && known.state === state
      ? known.total
      : shards.filter((shard) => shard.state === state).length;
  const states = { waiting: count('waiting'), running: count('running'), stopped: count('stopped') };
  return { total: shards.length === 0 ? known.total : shards.length, ...states, done: count('done') };
}
