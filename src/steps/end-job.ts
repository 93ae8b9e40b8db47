import { deleteJoined, needsNoRows } from '../collect/delete-rows.ts';
import { mergeRetry } from '../collect/retry/merge-retry.ts';
import type { Followed } from '../collect/shard/fill-followers.ts';
import type { SettledShard } from '../collect/shard/settle-shards.ts';
import type { Edges } from '../edges.ts';
import { endingObject, endPrefix, type Ending } from '../checkpoints/ending.ts';
import { jobObject, type Job } from '../checkpoints/job.ts';
import { deadLettersKey, joinedKey, resultsKey, shardKey, type ShardFile } from '../checkpoints/keys.ts';
import { rowsNotOk } from '../checkpoints/outcomes.ts';
import type { Plan } from '../checkpoints/plan.ts';
import { summaryObject, type Summary } from '../checkpoints/summary.ts';
import type { Pace } from '../pace.ts';
import { writeReport } from '../report/write-report.ts';
import { writeAnswerIndex } from '../reuse/write-index.ts';
import { joinObjects, MAX_SOURCES, type Join } from '../store/join-objects.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { writeTables } from '../tables/write-tables.ts';

/** A job whose rows all have their result lines, in the files of its shards. */
export interface JobToEnd {
  readonly job: Job;
  readonly plan: Plan | undefined;
  readonly summary: Summary;
  readonly shards: readonly SettledShard[];
  readonly filled: Followed['filled'];
  /** Identifies this end of the job. */
  readonly since: number;
  /** True if an earlier call of this end may have begun. */
  readonly isAgain: boolean;
  readonly pace: Pace;
}

/**
 * Joins the results of a job, indexes its answers, merges a retry into its job, and writes tables, report and, last, the summary.
 * A call that runs short of time records its progress.
 * @returns false when time ran short, and another call must do the rest
 */
export async function endJob(edges: Edges, end: JobToEnd): Promise<boolean> {
  const { store } = edges;
  const { job, shards, summary, since, isAgain, pace } = end;
  const at = { jobId: summary.jobId, since };
  let ending: Ending = (isAgain ? await endingObject.read(store, at) : undefined) ?? {};
  const leave = async (left: Ending): Promise<false> => {
    await endingObject.write(store, at, left);
    return false;
  };
  if (ending.joined !== true) {
    if (!(await joinShards(store, end))) return false;
    ending = { joined: true };
    pace.did();
    if (pace.mustStop) return leave(ending);
  }
  if (ending.index !== 'written') {
    const index = (await indexAnswers(store, end, ending)) ?? 'written';
    ending = { ...ending, index };
    if (index !== 'written' || pace.mustStop) return leave(ending);
  }
  // Tables are written in one call, which must have most of its time left.
  if (pace.mustRest && hasTables(job)) return leave(ending);
  const retried = await mergeIfRetry(edges, end, ending);
  if (retried !== undefined && 'progress' in retried) return leave({ ...ending, merge: retried.progress });
  if (isAgain || retried !== undefined || shards.length > MAX_SOURCES) await deleteJoined(store, at.jobId);
  if (retried !== undefined) await writeEnd(edges, retried.job, retried.summary);
  // A retry's input belongs to the job that it retries, and so do tables of input and answers.
  const own = job.retry === undefined ? job : { ...job, profile: { ...job.profile, also: [] } };
  await writeEnd(edges, own, summary);
  logEnd(edges, summary);
  return true;
}

/** True if tables are written after the results: of the job, or of the job that it retries. */
function hasTables({ profile: { also = [] }, retry }: Job): boolean {
  return also.length > 0 || retry !== undefined;
}

function logEnd({ log }: Edges, summary: Summary): void {
  const { jobId, status, counts, rows, rounds, seconds, profile, usage } = summary;
  const tokens = { inputTokens: usage.inputTokens, outputTokens: usage.outputTokens };
  log('results_written', { jobId, profile, status, rows, rounds, seconds, ...counts, ...tokens });
}

/** Writes everything that is made from a job's results; the summary last. */
async function writeEnd(edges: Edges, job: Job, summary: Summary): Promise<void> {
  const tables = await writeTables(edges, job, summary);
  const whole = { ...summary, ...(tables.length > 0 && { tables }) };
  const report = await writeReport(edges, whole);
  await summaryObject.write(edges.store, summary.jobId, { ...whole, report });
}

type Retried =
  | { readonly job: Job; readonly summary: Summary }
  | { readonly progress: NonNullable<Ending['merge']> };

/** Merges a retry's results so far into those of its job, before the retry ends; undefined for a job that is not a retry. */
async function mergeIfRetry(
  edges: Edges,
  { job: { retry }, plan, summary, since, pace }: JobToEnd,
  { merge: before }: Ending,
): Promise<Retried | undefined> {
  if (retry === undefined || plan === undefined || plan.failure !== undefined) return undefined;
  const job = await jobObject.require(edges.store, retry.jobId);
  const merged = await mergeRetry(edges, retry, summary, { since, pace, before });
  return 'progress' in merged ? merged : { job, summary: merged.summary };
}

/** Indexes the answers for later jobs, if the profile allows reuse. */
async function indexAnswers(
  store: ObjectStore,
  { job, plan, summary, filled, since, pace }: JobToEnd,
  { index: before }: Ending,
): Promise<Exclude<Ending['index'], 'written'>> {
  if (plan === undefined || before === 'written') return undefined;
  const fileOf = (shard: number): ShardFile => fileToJoin(filled, shard, 'results.jsonl');
  const partKey = (n: number): string => `${endPrefix({ jobId: job.jobId, since })}answers-${n}.index`;
  return writeAnswerIndex(store, { job, plan, fileOf, at: summary.endedAt }, { pace, before, partKey });
}

/** The file of a shard from which its part of a file of the job is joined. */
function fileToJoin(
  filled: Followed['filled'],
  shard: number,
  file: 'results.jsonl' | 'dead-letters.jsonl',
): ShardFile {
  return filled.has(shard) ? `filled-${file}` : file;
}

/**
 * Joins the results, and the dead letters, of all shards.
 * @returns false when time ran short, and another call must join the rest
 */
async function joinShards(
  store: ObjectStore,
  { shards, summary, plan, since, pace, filled }: JobToEnd,
): Promise<boolean> {
  const { jobId, results, deadLetters } = summary;
  // Rows of the pilot's shards are also in the shards that they were taken from.
  const ofJob = shards.filter(({ shard }) => plan?.shards[shard]?.pilot !== true);
  const joinOf = (
    key: string,
    file: 'results.jsonl' | 'dead-letters.jsonl',
    among: readonly SettledShard[],
  ): Join => {
    const sources = among.map(({ shard }) => shardKey({ jobId, shard }, fileToJoin(filled, shard, file)));
    return { key, sources, part: (n) => joinedKey(jobId, since, `${file}-${n}`) };
  };
  if (results !== undefined) {
    const ofResults = joinOf(resultsKey(jobId), 'results.jsonl', ofJob);
    const [only, ...others] = ofResults.sources;
    // In a folder, the copy is a second name of the shard's file, which is deleted next. If the shard's file stays, the results
    // must be a separate file, because a person may edit them.
    const isOnly = only !== undefined && others.length === 0 && needsNoRows(summary, plan);
    if (isOnly) await store.copy(ofResults.key, only);
    else if (!(await joinObjects(store, ofResults, pace))) return false;
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
