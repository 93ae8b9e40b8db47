import type { Edges } from '../../edges.ts';
import { CountsDoNotReconcile } from '../../errors.ts';
import type { MergeProgress } from '../../checkpoints/ending.ts';
import type { RetryOf } from '../../checkpoints/job.ts';
import { beforeRetriesObject, summaryObject, type Summary } from '../../checkpoints/summary.ts';
import { answerIndexKey, deadLettersKey, resultsKey } from '../../checkpoints/keys.ts';
import { settledRows } from '../../checkpoints/outcomes.ts';
import { sizeOf } from '../round/files/downloads.ts';
import { MovedLines, moveAnswerIndex } from '../../reuse/move-index.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { mergedKey, mergeLines, movedKey, type Merge, type MergedLines } from './merge-lines.ts';
import { summaryWithRetries } from './summary-with-retries.ts';

/** The job's new summary, which the caller must write last; or the progress, if another call must merge the rest. */
export type RetryMerge = { readonly summary: Summary } | { readonly progress: MergeProgress };

/**
 * Merges the results of a retry into those of its job: one line per row, in input order. It may run again after a crash, and
 * after a failed retry was resumed.
 * @param retry the retry's summary; its own results are written
 * @throws CountsDoNotReconcile when the retry does not have a line for each row that was not ok
 */
export async function mergeRetry(
  { store }: Pick<Edges, 'store'>,
  { jobId, nth }: RetryOf,
  retry: Summary,
  { since, pace, before: progress }: Pick<Merge, 'since' | 'pace' | 'before'>,
): Promise<RetryMerge> {
  const before = await summaryObject.require(store, jobId);
  // Totals are computed from this summary, so that nothing is counted twice.
  await beforeRetriesObject.create(store, jobId, before);
  const first = await beforeRetriesObject.require(store, jobId);
  const merge = { jobId, nth, retryId: retry.jobId, since, pace, before: progress };
  const lines = await mergeLines(store, merge);
  // The steps below need the whole time of a call, so a call that has used some of it stops here.
  if (!lines.progress.isWhole || pace.mustStop || pace.mustRest)
    return { progress: await keepMoved(store, merge, lines) };
  const rows = settledRows(lines.progress.counts);
  if (rows !== first.rows)
    throw new CountsDoNotReconcile(`Job ${jobId} has ${first.rows} rows but ${rows} results.`);
  await showLines(store, merge, lines);
  if (retry.deadLetters === undefined) await store.delete(deadLettersKey(jobId));
  else await store.copy(deadLettersKey(jobId), deadLettersKey(retry.jobId));
  return {
    summary: summaryWithRetries({ first, before, nth, retry, lines: lines.progress }),
  };
}

/** Stores the moves of this call's lines for the call that replaces the results. */
async function keepMoved(
  store: ObjectStore,
  merge: Merge,
  { progress, moved }: MergedLines,
): Promise<MergeProgress> {
  if (moved?.hasChanges !== true) return progress;
  const nth = progress.moved + 1;
  await store.put(movedKey(merge, nth), moved.dump());
  return { ...progress, moved: nth };
}

/** Replaces the job's results by the merged ones. The index of its answers is updated first. */
async function showLines(
  store: ObjectStore,
  merge: Merge,
  { progress: { from, parts, moved: files }, moved }: MergedLines,
): Promise<void> {
  const { jobId } = merge;
  if ((await store.stat(answerIndexKey(jobId))) !== undefined) {
    const all = new MovedLines({ before: from, after: sizeOf({ parts }) });
    for (let n = 1; n <= files; n += 1) all.load(await requiredBytes(store, movedKey(merge, n)));
    if (moved !== undefined) all.load(moved.dump());
    await moveAnswerIndex(store, jobId, all);
  }
  const keys = parts.map((_, n) => mergedKey(merge, n + 1));
  await store.concat(resultsKey(jobId), keys, parts);
}

async function requiredBytes(store: ObjectStore, key: string): Promise<Buffer> {
  const bytes = await store.get(key);
  if (bytes === undefined) throw new Error(`There is no ${store.locate(key)}; was it deleted?`);
  return bytes;
}
