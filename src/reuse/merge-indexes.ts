import { answerIndexKey, reusablePrefix } from '../checkpoints/keys.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { ENTRY_BYTES, fitsResults, readHead } from './answer-index.ts';
import {
  isUndamaged,
  listMerged,
  sectionsOf,
  writeMerged,
  type MergedIndex,
  type MergedPart,
} from './merged-index.ts';
import { jobOfReusableKey, entryNameOf, type EarlierJob } from './reusable-jobs.ts';

/**
 * Number of small indexes of one scope at which they are merged, because a job that reuses answers needs one request for each.
 */
export const MERGE_AT = 16;

/** Largest small index, in bytes: about 170,000 answers. For a larger one, reading takes longer than the request itself. */
const SMALL_BYTES = 4 * 1_048_576;

/** Most indexes that are read in parallel. After merged indexes were deleted, there are many to read. */
const READS_AT_ONCE = 16;

interface MergeBounds {
  readonly mergeAt: number;
  readonly smallBytes: number;
  /** Most bytes of entries that are merged at once. They are in memory, with {@link READS_AT_ONCE} further indexes. */
  readonly mostBytes: number;
}

const BOUNDS: MergeBounds = { mergeAt: MERGE_AT, smallBytes: SMALL_BYTES, mostBytes: 4 * SMALL_BYTES };

/**
 * Merges the small indexes of a scope into one object, if there are many of them. The jobs' own indexes stay, so that no answer
 * is lost if the merged one is damaged or deleted. Several jobs may merge at the same time, and again after a crash.
 * @param scope the hash of the scope
 */
export async function mergeIndexes(
  store: ObjectStore,
  scope: string,
  { mergeAt, ...bounds }: MergeBounds = BOUNDS,
): Promise<void> {
  const merged = await listMerged(store, scope);
  const isSmall = ({ bytes }: MergedIndex): boolean => bytes < bounds.smallBytes;
  const small = merged.filter(isSmall);
  const settled = new Set(namesIn(merged.filter((each) => !isSmall(each))));
  const known = new Set([...settled, ...namesIn(small)]);
  const jobs = await listJobs(store, scope);
  const fresh = jobs.filter((job) => !known.has(entryNameOf(job)));
  if (fresh.length + small.length < mergeAt) return;
  const open = jobs.filter((job) => !settled.has(entryNameOf(job)));
  const parts = await readParts(store, { jobs: open, small, ...bounds });
  if (parts.length === 0) return;
  const key = await writeMerged(store, scope, parts);
  await deleteCovered(store, { key, parts, jobs, small });
}

/** The jobs whose answers may be reused, newest first, each once. */
async function listJobs(store: ObjectStore, scope: string): Promise<EarlierJob[]> {
  const jobs = new Map<string, EarlierJob>();
  for await (const { key } of store.list(reusablePrefix(scope))) {
    const job = jobOfReusableKey(key);
    if (job !== undefined && !jobs.has(job.jobId)) jobs.set(job.jobId, job);
  }
  return [...jobs.values()];
}

interface ToMerge extends Omit<MergeBounds, 'mergeAt'> {
  readonly jobs: readonly EarlierJob[];
  readonly small: readonly MergedIndex[];
}

/** Reads the entries of jobs, in order, until one object is full. */
async function readParts(
  store: ObjectStore,
  { jobs, small, smallBytes, mostBytes }: ToMerge,
): Promise<MergedPart[]> {
  const known = await readMergedParts(store, small);
  const parts: MergedPart[] = [];
  let bytes = 0;
  for (let at = 0; at < jobs.length && bytes < mostBytes; at += READS_AT_ONCE) {
    const read = await sideBySide(
      jobs.slice(at, at + READS_AT_ONCE),
      async (job) => known.get(entryNameOf(job)) ?? readOwnPart(store, job, smallBytes),
    );
    parts.push(...read);
    bytes += read.reduce((sum, { entries }) => sum + entries.length, 0);
  }
  return parts;
}

/** The entries of existing merged indexes, by job. Those of a damaged one are read again from the jobs' own indexes. */
async function readMergedParts(
  store: ObjectStore,
  small: readonly MergedIndex[],
): Promise<ReadonlyMap<string, MergedPart>> {
  const parts = new Map<string, MergedPart>();
  for (const index of small) {
    const bytes = await store.get(index.key);
    if (bytes === undefined || !isUndamaged(bytes)) continue;
    for (const { job, section } of sectionsOf(index)) {
      if (section !== undefined || job.entries === 'own')
        parts.set(entryNameOf(job), { job, entries: bytes.subarray(section?.start ?? 0, section?.end ?? 0) });
    }
  }
  return parts;
}

/** A job's own index. A missing or unreadable index has no entries; one that is large or damaged is not copied. */
async function readOwnPart(
  store: ObjectStore,
  { jobId, at }: EarlierJob,
  smallBytes: number,
): Promise<MergedPart> {
  const index = await store.get(answerIndexKey(jobId), { start: 0, end: smallBytes });
  const resultBytes = index && readHead(index);
  if (index === undefined || resultBytes === undefined)
    return { job: { jobId, at, resultBytes: 0, entries: 0 }, entries: Buffer.alloc(0) };
  const entries = index.subarray(ENTRY_BYTES);
  if (index.length === smallBytes || !fitsResults(entries, resultBytes))
    return { job: { jobId, at, resultBytes, entries: 'own' }, entries: Buffer.alloc(0) };
  return { job: { jobId, at, resultBytes, entries: entries.length / ENTRY_BYTES }, entries };
}

interface Written {
  readonly key: string;
  readonly parts: readonly MergedPart[];
  /** All jobs whose answers may be reused. */
  readonly jobs: readonly EarlierJob[];
  readonly small: readonly MergedIndex[];
}

/** Deletes merged indexes whose useful entries are all in the new one. */
async function deleteCovered(store: ObjectStore, { key, parts, jobs, small }: Written): Promise<void> {
  const covered = new Set(parts.map(({ job }) => entryNameOf(job)));
  const left = new Set(jobs.map(entryNameOf).filter((name) => !covered.has(name)));
  for (const index of small)
    if (index.key !== key && !index.jobs.some((job) => left.has(entryNameOf(job))))
      await store.delete(index.key);
}

function namesIn(merged: readonly MergedIndex[]): string[] {
  return merged.flatMap(({ jobs }) => jobs.map(entryNameOf));
}
