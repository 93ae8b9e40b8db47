import { jobObject } from '../src/checkpoints/job.ts';
import {
  answerIndexKey,
  deadLettersKey,
  fileKey,
  INDEX_PREFIX,
  jobOfIndexKey,
  jobPrefix,
  outputPrefix,
  resultsKey,
  summaryKey,
} from '../src/checkpoints/keys.ts';
import type { Pilot } from '../src/checkpoints/pilot.ts';
import { rowsNotOk } from '../src/checkpoints/outcomes.ts';
import { summaryObject, type Summary } from '../src/checkpoints/summary.ts';
import { InvalidRequest } from '../src/errors.ts';
import type { StatusEdges } from '../src/status/job-status.ts';
import { UnreadableObject } from '../src/store/json.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { copiesOf, deleteAll, rejectOpen, type ForgottenJob } from './forget-job.ts';
import { deleteMergedOf } from './forget-merged.ts';
import { openForgettable, retriedBy } from './forgettable-job.ts';
import { findRows, type FoundRows } from './find-rows.ts';
import { rewriteDeadLetters, rewriteResults, type RewrittenLines } from './rewrite-rows.ts';

/** A job in which the answers of some rows are deleted. */
export interface ForgottenRows extends ForgottenJob {
  /** Number of rows with these ids; if 0, nothing was deleted. */
  readonly rows: number;
}

/**
 * Deletes the answers of single rows from a job that has ended, and takes them out of reuse, its retries included. The other rows
 * keep their answers. Files that would have to be written again (report, tables), the checkpoints and the rows that came with the
 * job are deleted, so that the job cannot be retried any more. May be repeated after a failure.
 * @returns undefined when there is no such job
 * @throws InvalidRequest when the job has not ended, may be resumed, left batches open, or is a retry
 */
export async function forgetRows(
  edges: StatusEdges,
  jobId: string,
  ids: ReadonlySet<string>,
): Promise<ForgottenRows | undefined> {
  const { store } = edges;
  const job = await openForgettable(store, jobId, 'Forget the row there, and it is forgotten here, too.');
  if (job === undefined) return undefined;
  const { ids: jobIds, inputs, summary } = job;
  for (const id of jobIds) await rejectUnsettled(edges, id, jobId);
  const forgotten = { jobId, inputs };
  const { files, ...found } = await findRows(store, jobIds, ids);
  if (found.rows === 0) return { ...forgotten, rows: 0, reusedFrom: [], deleted: 0, copies: [] };
  const sample = summary?.taken?.jobId;
  const isInSample = sample !== undefined && (await findRows(store, [sample], ids)).answers > 0;
  const reusedFrom = [...found.reusedFrom, ...(isInSample ? [sample] : [])];
  let deleted = await deleteMergedOf(store, jobIds);
  for (const id of jobIds) deleted += await forgetInJob(store, id, { ids, files });
  return { ...forgotten, rows: found.rows, reusedFrom, deleted, copies: await copiesOf(store, jobIds) };
}

/** A job that may have rows to forget, and the reason why it was skipped. */
export interface LeftOut {
  readonly jobId: string;
  readonly reason: string;
}

/** Calls {@link forgetRows} for all jobs of a profile, the newest first. Jobs without such rows are not reported. */
export async function* forgetInProfile(
  edges: StatusEdges,
  profile: string,
  ids: ReadonlySet<string>,
): AsyncGenerator<ForgottenRows | LeftOut> {
  const { store } = edges;
  for await (const { key } of store.list(INDEX_PREFIX)) {
    const jobId = jobOfIndexKey(key);
    try {
      const job = await jobObject.read(store, jobId);
      const summary = await summaryObject.read(store, jobId);
      // Retries are forgotten with their job.
      if ((job?.profile.name ?? summary?.profile) !== profile || (await retriedBy(store, jobId, job)))
        continue;
      const hasResults = summary === undefined || (await store.stat(resultsKey(jobId))) !== undefined;
      if (!hasResults) continue;
      const forgotten = await forgetRows(edges, jobId, ids);
      if (forgotten !== undefined && forgotten.rows > 0) yield forgotten;
    } catch (error) {
      // A job whose record cannot be read may belong to the profile.
      if (!(error instanceof InvalidRequest || error instanceof UnreadableObject)) throw error;
      yield { jobId, reason: error.message };
    }
  }
}

/**
 * Rejects a job that may have rows outside its results.
 * @throws InvalidRequest
 */
async function rejectUnsettled(edges: StatusEdges, jobId: string, whole: string): Promise<void> {
  await rejectOpen(edges, jobId);
  const summary = await summaryObject.read(edges.store, jobId);
  if (summary?.status === 'failed' || summary?.status === 'cancelled')
    throw new InvalidRequest(
      `Job ${jobId} is ${summary.status} and keeps its rows for a resume; nothing of it was deleted. Resume it and let it end, or forget the whole job: nightshift forget ${whole}`,
    );
}

interface RowsToForget extends Pick<FoundRows, 'files'> {
  readonly ids: ReadonlySet<string>;
}

/**
 * Deletes files that were made from the rows first, then changes the results, then deletes the checkpoints. The job's record is
 * complete until then.
 */
async function forgetInJob(store: ObjectStore, jobId: string, { ids, files }: RowsToForget): Promise<number> {
  const summary = await summaryObject.require(store, jobId);
  const { report: _report, tables: _tables, unreadableLines: _lines, pilot, ...facts } = summary;
  const left: Summary = { ...facts, ...(pilot && { pilot: withoutFiles(pilot) }) };
  const kept = new Set([summaryKey, resultsKey, deadLettersKey, answerIndexKey].map((keyOf) => keyOf(jobId)));
  const gone = new Set(files.map((name) => fileKey(jobId, name)));
  const isDerived = (key: string): boolean =>
    !kept.has(key) && (gone.has(key) || !key.startsWith(fileKey(jobId, '')));
  await summaryObject.write(store, jobId, left);
  let deleted = await deleteAll(store, outputPrefix(jobId), isDerived);
  const tally = await rewriteResults(store, { jobId, sample: summary.taken?.jobId }, ids);
  const hasDeadLetters = await rewriteDeadLetters(store, jobId, ids);
  await summaryObject.write(store, jobId, {
    ...tally.answers.update(left),
    ...countsOf(tally),
    deadLetters: hasDeadLetters ? deadLettersKey(jobId) : undefined,
  });
  deleted += await deleteAll(store, jobPrefix(jobId));
  return deleted;
}

function withoutFiles({ results: _results, report: _report, ...pilot }: Pilot): Pilot {
  return pilot;
}

type CountedLines = Pick<Summary, 'status' | 'counts' | 'errors' | 'problems' | 'forgottenRows'>;

function countsOf({ lines, forgotten }: RewrittenLines): CountedLines {
  const { counts, errors, problems } = lines;
  const status = rowsNotOk(counts) > 0 ? 'partial' : 'succeeded';
  return { status, counts, errors, problems, ...(forgotten > 0 && { forgottenRows: forgotten }) };
}
