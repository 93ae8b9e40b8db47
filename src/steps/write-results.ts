import { deleteRounds, deleteRows, needsNoResume, needsNoRows } from '../collect/delete-rows.ts';
import { fillFollowers } from '../collect/shard/fill-followers.ts';
import { settleShards } from '../collect/shard/settle-shards.ts';
import { summarize } from '../collect/summarize.ts';
import { withOpenBatches } from '../collect/still-open.ts';
import type { WriteContext, WritingContext, WrittenContext } from '../contract.ts';
import type { Edges } from '../edges.ts';
import { CountsDoNotReconcile, failureFromCatch } from '../errors.ts';
import { jobObject } from '../checkpoints/job.ts';
import { pilotObject } from '../checkpoints/pilot.ts';
import { planObject, type Plan } from '../checkpoints/plan.ts';
import { summaryObject, type Summary } from '../checkpoints/summary.ts';
import { summaryKey } from '../checkpoints/keys.ts';
import { Pace } from '../pace.ts';
import { scopeOf } from '../reuse/scope.ts';
import { settledRows } from '../checkpoints/outcomes.ts';
import { readStop } from '../checkpoints/stop.ts';
import { endJob, type JobToEnd } from './end-job.ts';

/**
 * Joins the shards' results in input order, writes the report, and writes the summary last. For a failed job it does the same
 * with the results so far, and the summary says why. Afterwards, deletes the rows of a finished job outside its results. A call
 * that runs short of time returns, and the next call continues.
 * @throws CountsDoNotReconcile when a row has no result line, or two
 */
export async function writeResults(
  edges: Edges,
  context: WriteContext,
): Promise<WrittenContext | WritingContext> {
  const { store } = edges;
  const { jobId, error } = context;
  const pace = new Pace(edges.time);
  const isAgain = context.writing !== undefined;
  const later: WritingContext = { ...context, writing: context.writing ?? edges.clock.now() };
  const known = await summaryObject.read(store, jobId);
  const plan = await planObject.read(store, jobId);
  if (known !== undefined && needsNoResume(known, plan)) {
    const summary = await withOpenBatches(store, known);
    return (await deleteRowsOfJob(edges, { summary, plan, pace })) ? describe(summary) : later;
  }
  const job = await jobObject.require(store, jobId);
  const failure = plan?.failure ?? (error === undefined ? undefined : failureFromCatch(error));
  const shards = plan === undefined ? [] : await settleShards(edges, jobId, plan, { failure, pace });
  if (shards === undefined) return later;
  const filling = plan && { plan, shards, since: later.writing, isAgain, pace };
  const followed = filling && (await fillFollowers(store, jobId, filling));
  if (plan !== undefined && followed === undefined) return later;
  const stop = await readStop(store, jobId);
  const endedAt = new Date(edges.clock.now());
  const pilot = job.profile.pilot && (await pilotObject.read(store, jobId));
  const summary = summarize({ job, plan, pilot, shards, followed, failure, stop, endedAt });
  reconcile(summary, plan);
  const filled = followed?.filled ?? new Map<number, number>();
  const isEnded = needsNoResume(summary, plan) && plan?.failure === undefined;
  const indexing = { jobId, isIndexed: scopeOf(job) !== undefined };
  if (isEnded && !(await deleteRounds(edges, indexing, pace))) return later;
  const end: JobToEnd = { job, plan, summary, shards, filled, since: later.writing, isAgain, pace };
  if (!(await endJob(edges, end))) return later;
  return (await deleteRowsOfJob(edges, { summary, plan, pace })) ? describe(summary) : later;
}

/** Deletes rows after the summary is stored. A repeated call finds the summary, and the rows already deleted. */
async function deleteRowsOfJob(
  edges: Edges,
  { summary, plan, pace }: Pick<JobToEnd, 'summary' | 'plan' | 'pace'>,
): Promise<boolean> {
  if (!needsNoRows(summary, plan)) return true;
  return deleteRows(edges, { jobId: summary.jobId, hasPlan: plan !== undefined }, pace);
}

function reconcile({ jobId, counts }: Summary, plan: Plan | undefined): void {
  const settled = settledRows(counts);
  if (plan !== undefined && settled !== plan.rows) {
    throw new CountsDoNotReconcile(`Job ${jobId} has ${plan.rows} rows but ${settled} results.`);
  }
}

function describe({ jobId, status, counts, failure, advice }: Summary): WrittenContext {
  const written = { jobId, status, counts, summary: summaryKey(jobId) };
  if (status !== 'failed') return written;
  const { name = 'JobFailed', message = 'The job failed.' } = failure ?? {};
  return { ...written, failure: { Error: name, Cause: [message, advice].filter(Boolean).join(' ') } };
}
