import { lastExecution } from '../src/executions/executions.ts';
import {
  INDEX_PREFIX,
  jobOfIndexKey,
  jobPrefix,
  outputPrefix,
  resultsKey,
  REUSE_PREFIX,
  summaryKey,
} from '../src/checkpoints/keys.ts';
import { summaryObject, type Summary } from '../src/checkpoints/summary.ts';
import { InvalidRequest } from '../src/errors.ts';
import { jobOfReusableKey } from '../src/reuse/reusable-jobs.ts';
import type { StatusEdges } from '../src/status/job-status.ts';
import { sideBySide } from '../src/concurrency/side-by-side.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { deleteMergedOf } from './forget-merged.ts';
import { openForgettable } from './forgettable-job.ts';

/** A job whose rows and answers are deleted. */
export interface ForgottenJob {
  readonly jobId: string;
  /** Number of deleted objects. */
  readonly deleted: number;
  /** Input files that are not deleted, because the job did not create them. */
  readonly inputs: readonly string[];
  /** Jobs that reuse answers of this one, with the number of such rows. */
  readonly copies: readonly { readonly jobId: string; readonly rows: number }[];
  /** Jobs that still have answers that this job reused or took from its sample. */
  readonly reusedFrom: readonly string[];
}

/**
 * Deletes the rows and the answers of a job that has ended, and takes its answers out of reuse, its retries included. Keeps its
 * summary, without anything that came from a row, so that the same request is not run and paid again. May be repeated after a
 * failure.
 * @returns undefined when the job does not exist
 * @throws InvalidRequest when the job has not ended, left batches open, or is a retry
 */
export async function forgetJob(
  edges: StatusEdges,
  jobId: string,
  now: Date,
): Promise<ForgottenJob | undefined> {
  const { store } = edges;
  const found = await openForgettable(store, jobId, 'Forget that one, and its retries are forgotten, too.');
  if (found === undefined) return undefined;
  const { ids, inputs } = found;
  for (const id of ids) await rejectOpen(edges, id);
  // The entries for reuse are deleted first, so that no further job reuses an answer.
  let deleted = await deleteAll(store, REUSE_PREFIX, (key) =>
    ids.includes(jobOfReusableKey(key)?.jobId ?? ''),
  );
  deleted += await deleteMergedOf(store, ids);
  const reusedFrom = await sourcesOf(store, ids);
  for (const id of ids) deleted += await forgetFiles(store, id, now);
  return { jobId, deleted, inputs, copies: await copiesOf(store, ids), reusedFrom };
}

/** The jobs whose answers these jobs reused, and which still have results; not these jobs themselves. */
async function sourcesOf(store: ObjectStore, jobIds: readonly string[]): Promise<string[]> {
  const summaries = await sideBySide(jobIds, (id) => summaryObject.read(store, id));
  const all = new Set(summaries.flatMap((summary) => reusedBy(summary).map(({ jobId }) => jobId)));
  const sources = [...all].filter((id) => !jobIds.includes(id)).toSorted();
  const hasResults = await sideBySide(sources, (id) => store.stat(resultsKey(id)));
  return sources.filter((_, n) => hasResults[n] !== undefined);
}

/**
 * Rejects a job that has not ended, or has left a batch open.
 * @throws InvalidRequest when some row of the job may still get an answer
 */
export async function rejectOpen({ store, executions }: StatusEdges, jobId: string): Promise<void> {
  const summary = await summaryObject.read(store, jobId);
  const isRunning = (await lastExecution(executions, jobId))?.running === true;
  if (isRunning || summary === undefined)
    throw new InvalidRequest(
      `Job ${jobId} has not ended, and nothing of it was deleted. Wait for its end, or cancel it: nightshift cancel ${jobId}`,
    );
  if ((summary.open ?? []).length > 0)
    throw new InvalidRequest(
      `Job ${jobId} left batches open, whose files are at the provider; nothing of it was deleted. Resume it and let it end, or cancel it: nightshift cancel ${jobId}`,
    );
}

/** Deletes files of a job. The summary is written last: until then it shows that there is something to delete. */
async function forgetFiles(store: ObjectStore, jobId: string, now: Date): Promise<number> {
  const isResult = (key: string): boolean => key !== summaryKey(jobId);
  const deleted =
    (await deleteAll(store, outputPrefix(jobId), isResult)) + (await deleteAll(store, jobPrefix(jobId)));
  const summary = await summaryObject.read(store, jobId);
  if (summary !== undefined) await summaryObject.write(store, jobId, withoutRows(summary, now));
  return deleted;
}

/** A summary without anything that came from a row. */
export function withoutRows(
  { tables: _tables, unreadableLines: _lines, pilot: _pilot, ...summary }: Summary,
  now: Date,
): Summary {
  const { failure, inputs, errors } = summary;
  return {
    ...summary,
    inputs: inputs.map(({ key, version }) => ({ key, ...(version !== undefined && { version }) })),
    errors: errors.map(({ custom_id: _id, message: _message, ...counted }) => counted),
    problems: [],
    results: undefined,
    deadLetters: undefined,
    report: undefined,
    ...(failure && { failure: { ...failure, message: 'The job was forgotten.' } }),
    advice: undefined,
    forgotten: summary.forgotten ?? now.toISOString(),
  };
}

export async function deleteAll(
  store: ObjectStore,
  prefix: string,
  isMeant: (key: string) => boolean = () => true,
): Promise<number> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) if (isMeant(key)) keys.push(key);
  await sideBySide(keys, (key) => store.delete(key));
  return keys.length;
}

const CHUNK = 100;

/** Jobs that reuse these answers. A job that reused an answer through another job names only the job that paid for it. */
export async function copiesOf(
  store: ObjectStore,
  forgotten: readonly string[],
): Promise<{ readonly jobId: string; readonly rows: number }[]> {
  const copies: { readonly jobId: string; readonly rows: number }[] = [];
  const look = async (some: readonly string[]): Promise<void> => {
    const rows = await sideBySide(some, async (id) =>
      copiedRows(await summaryObject.read(store, id), forgotten),
    );
    copies.push(...some.flatMap((jobId, n) => (rows[n] ? [{ jobId, rows: rows[n] }] : [])));
  };
  let chunk: string[] = [];
  for await (const { key } of store.list(INDEX_PREFIX)) {
    chunk.push(jobOfIndexKey(key));
    if (chunk.length < CHUNK) continue;
    await look(chunk);
    chunk = [];
  }
  await look(chunk);
  return copies;
}

function copiedRows(summary: Summary | undefined, forgotten: readonly string[]): number {
  if (summary === undefined || summary.forgotten !== undefined || forgotten.includes(summary.jobId)) return 0;
  return reusedBy(summary).reduce((sum, { jobId, rows }) => sum + (forgotten.includes(jobId) ? rows : 0), 0);
}

/** The jobs whose answers a job reused, or took as its sample. */
function reusedBy(
  summary: Summary | undefined,
): readonly { readonly jobId: string; readonly rows: number }[] {
  const { reused, taken } = summary ?? {};
  return [...(reused?.from ?? []), ...(taken === undefined ? [] : [taken])];
}
