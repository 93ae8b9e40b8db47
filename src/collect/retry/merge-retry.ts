import type { Edges } from '../../edges.ts';
import { CountsDoNotReconcile } from '../../errors.ts';
import type { ResultLine } from '../../checkpoints/result-line.ts';
import type { RetryOf } from '../../checkpoints/job.ts';
import { beforeRetriesObject, summaryObject, type Summary } from '../../checkpoints/summary.ts';
import { deadLettersKey, fileKey, resultsKey } from '../../checkpoints/keys.ts';
import { requiredLines } from '../../jsonl/own-lines.ts';
import { settledRows } from '../../checkpoints/outcomes.ts';
import { MovedLines, moveAnswerIndex } from '../../reuse/move-index.ts';
import type { ObjectStore, ObjectWriter } from '../../store/object-store.ts';
import { isRetried, LineTally, markRetried } from './retried-lines.ts';
import { summaryWithRetries } from './summary-with-retries.ts';

/**
 * Merges the results of a retry into those of its job: one line per row, in input order. It may run again after a crash, and
 * after a failed retry was resumed.
 * @param retry the retry's summary; its own results are written
 * @returns the job's new summary, which the caller must write last
 * @throws CountsDoNotReconcile when the retry does not have a line for each row that was not ok
 */
export async function mergeRetry(
  { store }: Pick<Edges, 'store'>,
  { jobId, nth }: RetryOf,
  retry: Summary,
): Promise<Summary> {
  const before = await summaryObject.require(store, jobId);
  // Totals are computed from this summary, so that nothing is counted twice.
  await beforeRetriesObject.create(store, jobId, before);
  const first = await beforeRetriesObject.require(store, jobId);
  const lines = await mergeLines(store, { jobId, nth, retryId: retry.jobId });
  if (settledRows(lines.counts) !== first.rows)
    throw new CountsDoNotReconcile(
      `Job ${jobId} has ${first.rows} rows but ${settledRows(lines.counts)} results.`,
    );
  if (retry.deadLetters === undefined) await store.delete(deadLettersKey(jobId));
  else await store.copy(deadLettersKey(jobId), deadLettersKey(retry.jobId));
  return summaryWithRetries({ first, before, nth, retry, lines });
}

interface Merge {
  readonly jobId: string;
  readonly nth: number;
  readonly retryId: string;
}

async function mergeLines(store: ObjectStore, merge: Merge): Promise<LineTally> {
  const writer = store.write(resultsKey(merge.jobId));
  try {
    const moved = new MovedLines();
    const tally = await writeLines(store, merge, { writer, moved });
    await moveAnswerIndex(store, merge.jobId, moved);
    await writer.close();
    return tally;
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

interface Writing {
  readonly writer: ObjectWriter;
  /** New positions of the job's lines, with which its index of answers is updated. */
  readonly moved: MovedLines;
}

async function writeLines(
  store: ObjectStore,
  { jobId, nth, retryId }: Merge,
  { writer, moved }: Writing,
): Promise<LineTally> {
  const tally = new LineTally();
  const retried = readLines(store, resultsKey(retryId));
  for await (const bytes of readLines(store, resultsKey(jobId))) {
    const line = parse(bytes);
    if (!isRetried(line, nth)) {
      tally.add(line);
      moved.add(bytes.length, bytes.length);
      await writer.write(bytes);
      continue;
    }
    const next = await retried.next();
    if (next.done === true) throw doesNotFit(retryId, 'fewer', jobId);
    const settled = parse(next.value);
    if (settled.ok) await copyFiles(store, settled.files ?? [], { from: retryId, to: jobId });
    tally.add(settled);
    const marked = markRetried(next.value, nth);
    moved.add(bytes.length, marked.length);
    await writer.write(marked);
  }
  if ((await retried.next()).done !== true) throw doesNotFit(retryId, 'more', jobId);
  return tally;
}

function doesNotFit(retryId: string, how: string, jobId: string): CountsDoNotReconcile {
  return new CountsDoNotReconcile(
    `Retry ${retryId} has ${how} results than job ${jobId} has rows that are not ok. The results of both are as they were.`,
  );
}

/** File names of answers are relative to the results. */
async function copyFiles(
  store: ObjectStore,
  files: readonly string[],
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  for (const file of files) {
    const name = file.replace(/^files\//, '');
    await store.copy(fileKey(to, name), fileKey(from, name));
  }
}

function parse(line: Buffer): ResultLine {
  return JSON.parse(line.toString('utf8')) as ResultLine;
}

async function* readLines(store: ObjectStore, key: string): AsyncGenerator<Buffer> {
  for await (const lines of requiredLines(store, key)) yield* lines;
}
