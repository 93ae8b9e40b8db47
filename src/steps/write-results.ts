import { forgetRows, needsNoResume, needsNoRows } from '../collect/forget-rows.ts';
import { mergeRetry } from '../collect/retry/merge-retry.ts';
import { settleShards, type SettledShard } from '../collect/shard/settle-shards.ts';
import { summarize } from '../collect/summarize.ts';
import type { WriteContext, WrittenContext } from '../contract.ts';
import type { Edges } from '../edges.ts';
import { CountsDoNotReconcile, failureFromCatch } from '../errors.ts';
import { jobObject, type Job, type RetryOf } from '../checkpoints/job.ts';
import { planObject, type Plan } from '../checkpoints/plan.ts';
import { summaryObject, type Summary } from '../checkpoints/summary.ts';
import { deadLettersKey, resultsKey, shardKey, summaryKey, type ShardFile } from '../checkpoints/keys.ts';
import { rowsNotOk, settledRows } from '../checkpoints/outcomes.ts';
import { writeReport } from '../report/write-report.ts';
import { readStop } from '../checkpoints/stop.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { writeTables } from '../tables/write-tables.ts';

/**
 * Joins the shards' results, in input order, makes the report of them, and writes the summary last. A job that failed gets the same: what it has,
 * and why it has no more. The rows of a job that came to its end are then in its results, and nowhere else.
 * @throws CountsDoNotReconcile when a row is without a result line, or has two.
 */
export async function writeResults(edges: Edges, { jobId, error }: WriteContext): Promise<WrittenContext> {
  const { store } = edges;
  const known = await summaryObject.read(store, jobId);
  const plan = await planObject.read(store, jobId);
  if (known !== undefined && needsNoResume(known, plan)) return finish(edges, known, plan);
  const job = await jobObject.require(store, jobId);
  const failure = plan?.failure ?? (error === undefined ? undefined : failureFromCatch(error));
  const shards = plan === undefined ? [] : await settleShards(edges, jobId, plan, failure);
  const stop = await readStop(store, jobId);
  const endedAt = new Date(edges.clock.now());
  const summary = summarize({ job, plan, shards, failure, stop, endedAt });
  reconcile(summary, plan);
  await joinFiles(store, jobId, shards, summary);
  if (job.retry === undefined) await writeEnd(edges, job, summary);
  else {
    if (plan !== undefined && plan.failure === undefined) await writeRetried(edges, job.retry, summary);
    // Its input is that of the job it retries: a table of both is that job's.
    await writeEnd(edges, { ...job, profile: { ...job.profile, also: [] } }, summary);
  }
  const { status, counts, rows, rounds, seconds, profile, usage } = summary;
  const tokens = { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens };
  edges.log('results_written', { jobId, profile, status, rows, rounds, seconds, ...counts, ...tokens });
  return finish(edges, summary, plan);
}

/** Everything about a job's end that is made of its results; the summary last. */
async function writeEnd(edges: Edges, job: Job, summary: Summary): Promise<void> {
  const tables = await writeTables(edges, job, summary);
  const whole = { ...summary, ...(tables.length > 0 && { tables }) };
  const report = await writeReport(edges, whole);
  await summaryObject.write(edges.store, summary.jobId, { ...whole, report });
}

/** What a retry came to, as far as it came, is put among the results of its job before the retry has ended. */
async function writeRetried(edges: Edges, retry: RetryOf, summary: Summary): Promise<void> {
  const job = await jobObject.require(edges.store, retry.jobId);
  await writeEnd(edges, job, await mergeRetry(edges, retry, summary));
}

/** The summary is in the store. A call that comes again finds it there, and rows that are deleted already. */
async function finish(edges: Edges, summary: Summary, plan: Plan | undefined): Promise<WrittenContext> {
  if (needsNoRows(summary, plan)) await forgetRows(edges, summary.jobId);
  return describe(summary);
}

function reconcile({ jobId, counts }: Summary, plan: Plan | undefined): void {
  const settled = settledRows(counts);
  if (plan !== undefined && settled !== plan.rows) {
    throw new CountsDoNotReconcile(`Job ${jobId} has ${plan.rows} rows but ${settled} results.`);
  }
}

async function joinFiles(
  store: ObjectStore,
  jobId: string,
  shards: readonly SettledShard[],
  { results, deadLetters }: Summary,
): Promise<void> {
  const keys = (file: ShardFile, among: readonly SettledShard[]): string[] =>
    among.map(({ shard }) => shardKey({ jobId, shard }, file));
  if (results !== undefined) await store.concat(resultsKey(jobId), keys('results.jsonl', shards));
  const withDeadLetters = shards.filter(({ end: { counts } }) => rowsNotOk(counts) > 0);
  if (deadLetters === undefined) await store.delete(deadLettersKey(jobId));
  else await store.concat(deadLettersKey(jobId), keys('dead-letters.jsonl', withDeadLetters));
}

function describe({ jobId, status, counts, failure, advice }: Summary): WrittenContext {
  const written = { jobId, status, counts, summary: summaryKey(jobId) };
  if (status !== 'failed') return written;
  const { name = 'JobFailed', message = 'The job failed.' } = failure ?? {};
  return { ...written, failure: { Error: name, Cause: [message, advice].filter(Boolean).join(' ') } };
}
