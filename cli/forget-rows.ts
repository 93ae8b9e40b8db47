import type { ResultLine } from '../src/checkpoints/result-line.ts';
import { LineTally } from '../src/collect/retry/retried-lines.ts';
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
import { readCustomId } from '../src/jsonl/custom-id.ts';
import { jsonLine } from '../src/jsonl/json-line.ts';
import { eachOwnLine } from '../src/jsonl/own-lines.ts';
import { MovedLines, moveAnswerIndex } from '../src/reuse/move-index.ts';
import type { StatusEdges } from '../src/status/job-status.ts';
import { UnreadableObject } from '../src/store/json.ts';
import type { ObjectStore, ObjectWriter } from '../src/store/object-store.ts';
import { copiesOf, deleteAll, rejectOpen, retriedBy, retriesOf, type ForgottenJob } from './forget-job.ts';
import { deleteMergedOf } from './forget-merged.ts';
import { AnswerRecount } from './recount-answers.ts';

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
  const [job, summary] = [await jobObject.read(store, jobId), await summaryObject.read(store, jobId)];
  if (job === undefined && summary === undefined) return undefined;
  const retried = await retriedBy(store, jobId);
  if (retried !== undefined)
    throw new InvalidRequest(
      `Job ${jobId} is a retry: its answers are those of job ${retried}. Forget the row there, and it is forgotten here, too.`,
    );
  const jobIds = [...(await retriesOf(store, jobId)), jobId];
  for (const id of jobIds) await rejectUnsettled(edges, id, jobId);
  const inputs = (job?.inputs ?? summary?.inputs ?? []).map(({ key }) => key);
  const forgotten = { jobId, inputs: inputs.filter((key) => !key.startsWith(jobPrefix(jobId))) };
  const { files, ...found } = await findRows(store, jobIds, ids);
  if (found.rows === 0) return { ...forgotten, rows: 0, reusedFrom: [], deleted: 0, copies: [] };
  const sample = summary?.taken?.jobId;
  const isInSample = sample !== undefined && (await findRows(store, [sample], ids)).answers > 0;
  const reusedFrom = [...found.reusedFrom, ...(isInSample ? [sample] : [])];
  let deleted = await deleteMergedOf(store, jobIds);
  for (const id of jobIds) deleted += await forgetInJob(store, id, { ids, files });
  return { ...forgotten, rows: found.rows, reusedFrom, deleted, copies: await copiesOf(store, jobIds) };
}

/** A job that may have such rows, and why they are not forgotten. */
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
      if ((job?.profile.name ?? summary?.profile) !== profile || (await retriedBy(store, jobId))) continue;
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

interface FoundRows {
  readonly rows: number;
  /** Number of answers in all of the jobs. */
  readonly answers: number;
  readonly reusedFrom: readonly string[];
  /** Files of these answers that belong to no other row. */
  readonly files: readonly string[];
}

/**
 * Finds the rows with these ids.
 * @param jobIds the retries, then the job itself
 */
async function findRows(
  store: ObjectStore,
  jobIds: readonly string[],
  ids: ReadonlySet<string>,
): Promise<FoundRows> {
  let [rows, answers] = [0, 0];
  const reusedFrom = new Set<string>();
  const files = new Set<string>();
  const shared = new Set<string>();
  for (const [n, jobId] of jobIds.entries()) {
    for await (const bytes of eachOwnLine(store, resultsKey(jobId))) {
      const isMeant = ids.has(readCustomId(bytes));
      if (!isMeant && !bytes.includes('"files":')) continue;
      const line = parse(bytes);
      if (isMeant && n === jobIds.length - 1) rows += 1;
      if (!line.ok) continue;
      if (isMeant) answers += 1;
      if (isMeant && line.reused !== undefined) reusedFrom.add(line.reused.jobId);
      for (const file of line.files ?? []) (isMeant ? files : shared).add(file.replace(/^files\//, ''));
    }
  }
  return {
    rows,
    answers,
    reusedFrom: [...reusedFrom].toSorted(),
    files: [...files].filter((file) => !shared.has(file)),
  };
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
  const tally = await rewriteResults(store, jobId, ids);
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

interface RewrittenLines {
  readonly lines: LineTally;
  readonly answers: AnswerRecount;
  /** Number of forgotten rows, including earlier calls. */
  readonly forgotten: number;
}

/**
 * Replaces the lines of forgotten rows. The index of answers is changed first, as in a retry: an entry with the wrong position of
 * a line is detected.
 */
async function rewriteResults(
  store: ObjectStore,
  jobId: string,
  ids: ReadonlySet<string>,
): Promise<RewrittenLines> {
  const writer = store.write(resultsKey(jobId));
  try {
    const moved = new MovedLines();
    const lines = new LineTally();
    const answers = new AnswerRecount();
    let forgotten = 0;
    for await (const bytes of eachOwnLine(store, resultsKey(jobId))) {
      const isMeant = ids.has(readCustomId(bytes));
      const line = isMeant ? forget(parse(bytes)) : parse(bytes);
      const next = isMeant ? Buffer.from(jsonLine(line)) : bytes;
      lines.add(line);
      answers.add(line);
      if (!line.ok && line.error.code === FORGOTTEN) forgotten += 1;
      if (isMeant) moved.remove(bytes.length, next.length);
      else moved.add(bytes.length, bytes.length);
      await writer.write(next);
    }
    await moveAnswerIndex(store, jobId, moved);
    await writer.close();
    return { lines, answers, forgotten };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

const FORGOTTEN = 'FORGOTTEN';

/** A result line that keeps only the id and the position of its row. */
function forget(line: ResultLine): ResultLine {
  const { custom_id, round = 0, answeredBy, source, retried } = line;
  return {
    custom_id,
    ok: false,
    outcome: line.ok ? 'failed' : line.outcome,
    error: { code: FORGOTTEN, message: 'The answer of this row was deleted.' },
    retry: false,
    round,
    ...(answeredBy !== undefined && { answeredBy }),
    ...(source && { source }),
    ...(retried !== undefined && { retried }),
  };
}

/**
 * Removes the dead letters of forgotten rows.
 * @returns true if others are left
 */
async function rewriteDeadLetters(
  store: ObjectStore,
  jobId: string,
  ids: ReadonlySet<string>,
): Promise<boolean> {
  const key = deadLettersKey(jobId);
  const writer: ObjectWriter = store.write(key);
  try {
    for await (const line of eachOwnLine(store, key))
      if (!ids.has(idOfDeadLetter(line))) await writer.write(line);
    if (writer.bytes > 0) {
      await writer.close();
      return true;
    }
    await writer.abort();
    await store.delete(key);
    return false;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** The id of a dead letter. The dead letter of an invalid row has the row's own fields, possibly before the id. */
function idOfDeadLetter(line: Buffer): string {
  const { custom_id } = JSON.parse(line.toString('utf8')) as { readonly custom_id: string };
  return custom_id;
}

function parse(line: Buffer): ResultLine {
  return JSON.parse(line.toString('utf8')) as ResultLine;
}
