import { createHash } from 'node:crypto';
import { mergedIndexPrefix } from '../checkpoints/keys.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { ENTRY_BYTES } from './answer-index.ts';
import type { EarlierJob } from './reusable-jobs.ts';

/*
 * The indexes of many jobs in one object: a header, a directory, and the entries of each job.
 *
 *   header     8 bytes "answers+", 6 bytes: size of the directory, 10 bytes: the beginning of the SHA-256 of all that follows
 *   directory  JSON: the jobs, newest first, each with the number of its entries
 *   entries    those of each job in the order of the directory, copied from its own index
 *
 * A merged index is a copy that never changes. Each job keeps its own index, which takes precedence if the two differ. Version
 * 0.1 wrote no hash.
 */

/** A job whose entries are in a merged index. */
export interface MergedJob extends EarlierJob {
  /** Size of the results to which its entries refer; a different size shows that the results have changed since. */
  readonly resultBytes: number;
  /** Number of entries; `own` if its index is large and is read from its own object. */
  readonly entries: number | 'own';
}

/** The position of a job's entries in a merged index. */
export interface Section extends Pick<MergedJob, 'resultBytes'> {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

export interface MergedIndex {
  readonly key: string;
  /** Size of the whole object. */
  readonly bytes: number;
  readonly jobs: readonly MergedJob[];
  /** First byte of the entries. */
  readonly start: number;
}

/** A job and the entries to write. */
export interface MergedPart {
  readonly job: MergedJob;
  readonly entries: Buffer;
}

const MAGIC = Buffer.from('answers+');
const HEAD_BYTES = 24;
const HASH_AT = 14;
/** Enough for the header and a directory of some hundred jobs, so that one read is enough. */
const FIRST_READ_BYTES = 65_536;
const KEY_NAME = /\/merged-[\da-f]+$/;

export function isMergedKey(key: string): boolean {
  return KEY_NAME.test(key);
}

/**
 * Writes a merged index under a name that is computed from its jobs.
 * @returns its key
 */
export async function writeMerged(
  store: ObjectStore,
  scope: string,
  parts: readonly MergedPart[],
): Promise<string> {
  const directory = Buffer.from(JSON.stringify(parts.map(({ job }) => job)));
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeUIntBE(directory.length, MAGIC.length, 6);
  const name = createHash('sha256').update(directory).digest('hex').slice(0, 32);
  const key = `${mergedIndexPrefix(scope)}${name}`;
  const bytes = Buffer.concat([head, directory, ...parts.map(({ entries }) => entries)]);
  hashOf(bytes).copy(bytes, HASH_AT);
  await store.put(key, bytes);
  return key;
}

/** True if the bytes are those that {@link writeMerged} wrote. Look-ups do not need this: they check each line. */
export function isUndamaged(bytes: Buffer): boolean {
  return bytes.subarray(HASH_AT, HEAD_BYTES).equals(hashOf(bytes));
}

function hashOf(bytes: Buffer): Buffer {
  const hash = createHash('sha256').update(bytes.subarray(HEAD_BYTES)).digest();
  return hash.subarray(0, HEAD_BYTES - HASH_AT);
}

/** The merged indexes of a scope. Unreadable ones are left out, because their jobs have their own indexes. */
export async function listMerged(store: ObjectStore, scope: string): Promise<MergedIndex[]> {
  const objects = await Array.fromAsync(store.list(mergedIndexPrefix(scope)));
  const found = await sideBySide(objects, ({ key, bytes }) => readDirectory(store, key, bytes));
  return found.flatMap((each) => each ?? []);
}

/** The directory of a merged index; undefined if the object is missing or is not one. */
export async function readDirectory(
  store: ObjectStore,
  key: string,
  bytes: number,
): Promise<MergedIndex | undefined> {
  if (bytes < HEAD_BYTES) return undefined;
  const read = (end: number): Promise<Buffer | undefined> => store.get(key, { start: 0, end });
  const first = await read(Math.min(bytes, FIRST_READ_BYTES));
  if (first === undefined || first.length < HEAD_BYTES) return undefined;
  if (!first.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  const start = HEAD_BYTES + first.readUIntBE(MAGIC.length, 6);
  if (start > bytes) return undefined;
  const whole = start <= first.length ? first : await read(start);
  const jobs = whole && parseDirectory(whole.subarray(HEAD_BYTES, start));
  return jobs && { key, bytes, jobs, start };
}

/** The jobs of a merged index with the positions of their entries; undefined for a job whose own index is read. */
export function sectionsOf({
  key,
  bytes,
  jobs,
  start,
}: MergedIndex): { readonly job: MergedJob; readonly section: Section | undefined }[] {
  let end = start;
  return jobs.map((job) => {
    const { entries, resultBytes } = job;
    if (entries === 'own') return { job, section: undefined };
    const from = end;
    end += entries * ENTRY_BYTES;
    return { job, section: end > bytes ? undefined : { key, start: from, end, resultBytes } };
  });
}

function parseDirectory(bytes: Buffer): readonly MergedJob[] | undefined {
  try {
    const jobs: unknown = JSON.parse(bytes.toString('utf8'));
    return Array.isArray(jobs) && jobs.every(isMergedJob) ? jobs : undefined;
  } catch {
    return undefined;
  }
}

function isMergedJob(value: unknown): value is MergedJob {
  if (typeof value !== 'object' || value === null) return false;
  const { jobId, at, resultBytes, entries } = value as Partial<Record<keyof MergedJob, unknown>>;
  const isCount = (count: unknown): boolean => Number.isSafeInteger(count) && Number(count) >= 0;
  return (
    typeof jobId === 'string' &&
    typeof at === 'string' &&
    isCount(resultBytes) &&
    (entries === 'own' || isCount(entries))
  );
}
