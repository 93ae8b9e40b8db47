import { forgetJoined, forgetRows, needsNoResume, needsNoRows } from '../collect/forget-rows.ts';
import { mergeRetry } from '../collect/retry/merge-retry.ts';
import { fillFollowers, type Followed } from '../collect/shard/fill-followers.ts';
import { settleShards, type SettledShard } from '../collect/shard/settle-shards.ts';
import { summarize } from '../collect/summarize.ts';
import { withOpenBatches } from '../collect/still-open.ts';
import type { WriteContext, WritingContext, WrittenContext } from '../contract.ts';
import type { Edges } from '../edges.ts';
import { CountsDoNotReconcile, failureFromCatch } from '../errors.ts';
import { jobObject, type Job, type RetryOf } from '../checkpoints/job.ts';
import { pilotObject } from '../checkpoints/pilot.ts';
import { planObject, type Plan } from '../checkpoints/plan.ts';
import { summaryObject, type Summary } from '../checkpoints/summary.ts';
import {
  deadLettersKey,
  joinedKey,
  resultsKey,
  shardKey,
  summaryKey,
  type ShardFile,
} from '../checkpoints/keys.ts';
import { Pace } from '../pace.ts';
import { writeAnswerIndex } from '../reuse/write-index.ts';
import { rowsNotOk, settledRows } from '../checkpoints/outcomes.ts';
import { writeReport } from '../report/write-report.ts';
import { readStop } from '../checkpoints/stop.ts';
import { joinObjects, MAX_SOURCES, type Join } from '../store/join-objects.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { writeTables } from '../tables/write-tables.ts';

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
  const later: WritingContext = { ...context, writing: context.writing ?? edges.clock.now() };
  const known = await summaryObject.read(store, jobId);
  const plan = await planObject.read(store, jobId);
  if (known !== undefined && needsNoResume(known, plan)) {
    const summary = await withOpenBatches(store, known);
    return (await forgetJob(edges, { summary, plan, pace })) ? describe(summary) : later;
  }
  const job = await jobObject.require(store, jobId);
  const failure = plan?.failure ?? (error === undefined ? undefined : failureFromCatch(error));
  const shards = plan === undefined ? [] : await settleShards(edges, jobId, plan, { failure, pace });
  if (shards === undefined) return later;
  const filling = plan && { plan, shards, since: later.writing, pace };
  const followed = filling && (await fillFollowers(store, jobId, filling));
  if (plan !== undefined && followed === undefined) return later;
  const stop = await readStop(store, jobId);
  const endedAt = new Date(edges.clock.now());
  const pilot = job.profile.pilot && (await pilotObject.read(store, jobId));
  const summary = summarize({ job, plan, pilot, shards, followed, failure, stop, endedAt });
  reconcile(summary, plan);
  const joining = { plan, since: later.writing, pace, filled: followed?.filled ?? new Map<number, number>() };
  if (!(await joinFiles(store, shards, summary, joining))) return later;
  if (shards.length > MAX_SOURCES) await forgetJoined(store, jobId);
  if (plan !== undefined) await indexAnswers(store, { job, plan, summary }, joining.filled);
  await writeEnds(edges, { job, plan, summary });
  return (await forgetJob(edges, { summary, plan, pace })) ? describe(summary) : later;
}

interface JobToEnd {
  readonly job: Job;
  readonly plan: Plan | undefined;
  readonly summary: Summary;
}

async function writeEnds(edges: Edges, { job, plan, summary }: JobToEnd): Promise<void> {
  if (job.retry === undefined) await writeEnd(edges, job, summary);
  else {
    if (plan !== undefined && plan.failure === undefined) await writeRetried(edges, job.retry, summary);
    // The first job of a retry writes the tables of input and answers, because the retry reads that job's input.
    await writeEnd(edges, { ...job, profile: { ...job.profile, also: [] } }, summary);
  }
  const { jobId, status, counts, rows, rounds, seconds, profile, usage } = summary;
  const tokens = { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens };
  edges.log('results_written', { jobId, profile, status, rows, rounds, seconds, ...counts, ...tokens });
}

/** Writes everything that is made from a job's results; the summary last. */
async function writeEnd(edges: Edges, job: Job, summary: Summary): Promise<void> {
  const tables = await writeTables(edges, job, summary);
  const whole = { ...summary, ...(tables.length > 0 && { tables }) };
  const report = await writeReport(edges, whole);
  await summaryObject.write(edges.store, summary.jobId, { ...whole, report });
}

/** Merges a retry's results so far into those of its job, before the retry ends. */
async function writeRetried(edges: Edges, retry: RetryOf, summary: Summary): Promise<void> {
  const job = await jobObject.require(edges.store, retry.jobId);
  await writeEnd(edges, job, await mergeRetry(edges, retry, summary));
}

/** Deletes rows after the summary is stored. A repeated call finds the summary, and the rows already deleted. */
async function forgetJob(
  edges: Edges,
  { summary, plan, pace }: Omit<JobToEnd, 'job'> & { readonly pace: Pace },
): Promise<boolean> {
  if (!needsNoRows(summary, plan)) return true;
  return forgetRows(edges, { jobId: summary.jobId, hasPlan: plan !== undefined }, pace);
}

/** Indexes the answers for later jobs, if the profile allows reuse. */
async function indexAnswers(
  store: ObjectStore,
  { job, plan, summary }: JobToEnd & { readonly plan: Plan },
  filled: Followed['filled'],
): Promise<void> {
  const fileOf = (shard: number): ShardFile => resultsFile(filled, shard);
  await writeAnswerIndex(store, { job, plan, fileOf, at: summary.endedAt });
}

/** The file of a shard from which its part of the job's results is joined. */
function resultsFile(filled: Followed['filled'], shard: number): ShardFile {
  return filled.has(shard) ? 'filled-results.jsonl' : 'results.jsonl';
}

function reconcile({ jobId, counts }: Summary, plan: Plan | undefined): void {
  const settled = settledRows(counts);
  if (plan !== undefined && settled !== plan.rows) {
    throw new CountsDoNotReconcile(`Job ${jobId} has ${plan.rows} rows but ${settled} results.`);
  }
}

interface Joining {
  readonly plan: Plan | undefined;
  /** Identifies the joined parts of this end. */
  readonly since: number;
  readonly pace: Pace;
  readonly filled: Followed['filled'];
}

/** @returns false when time ran short, and another call must join the rest */
async function joinFiles(
  store: ObjectStore,
  shards: readonly SettledShard[],
  { jobId, results, deadLetters }: Summary,
  { plan, since, pace, filled }: Joining,
): Promise<boolean> {
  // Rows of the pilot's shards are also in the shards that they were taken from.
  const ofJob = shards.filter(({ shard }) => plan?.shards[shard]?.pilot !== true);
  const joinOf = (
    key: string,
    file: 'results.jsonl' | 'dead-letters.jsonl',
    among: readonly SettledShard[],
  ): Join => {
    const fileOf = (shard: number): ShardFile => (filled.has(shard) ? `filled-${file}` : file);
    const sources = among.map(({ shard }) => shardKey({ jobId, shard }, fileOf(shard)));
    return { key, sources, part: (n) => joinedKey(jobId, since, `${file}-${n}`) };
  };
  if (results !== undefined) {
    const ofResults = joinOf(resultsKey(jobId), 'results.jsonl', ofJob);
    if (!(await joinObjects(store, ofResults, pace))) return false;
  }
  const withDeadLetters = ofJob.filter(
    ({ shard, end: { counts } }) => (filled.get(shard) ?? rowsNotOk(counts)) > 0,
  );
  if (deadLetters === undefined) {
    await store.delete(deadLettersKey(jobId));
    return true;
  }
  const ofDeadLetters = joinOf(deadLettersKey(jobId), 'dead-letters.jsonl', withDeadLetters);
  return await joinObjects(store, ofDeadLetters, pace);
}

function describe({ jobId, status, counts, failure, advice }: Summary): WrittenContext {
  const written = { jobId, status, counts, summary: summaryKey(jobId) };
  if (status !== 'failed') return written;
  const { name = 'JobFailed', message = 'The job failed.' } = failure ?? {};
  return { ...written, failure: { Error: name, Cause: [message, advice].filter(Boolean).join(' ') } };
}
