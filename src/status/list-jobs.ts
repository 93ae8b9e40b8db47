import { INDEX_PREFIX, indexKey, jobOfIndexKey, summaryKey } from '../checkpoints/keys.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import { UnreadableObject } from '../store/json.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { readOverview, type JobOverview, type StatusEdges } from './job-status.ts';
import type { JobState } from './job-states.ts';

export interface ListQuery {
  readonly status?: JobState | undefined;
  /** Only jobs of this API caller. Default: all. */
  readonly owner?: string | undefined;
  /** Most jobs in the page. */
  readonly limit: number;
  /** The `next` of the previous page. */
  readonly after?: string | undefined;
}

/** A job whose record cannot be read. */
export interface UnreadableJob {
  readonly jobId: string;
  readonly problem: string;
}

export interface JobPage {
  readonly jobs: readonly JobOverview[];
  /** Jobs that cannot be read and that might belong to this list. Empty if `owner` is set, because their owner is unknown. */
  readonly unreadable: readonly UnreadableJob[];
  /** Pass it as `after` to get the next page; absent on the last page. */
  readonly next?: string;
}

/** Most jobs to check for one page. With a rare status, a page may have fewer jobs than requested and still a `next`. */
const MAX_LOOKED_AT = 500;

const CHUNK = 32;

/** Lists jobs, newest first. */
export async function listJobs(
  edges: StatusEdges,
  { status, limit, after, owner }: ListQuery,
): Promise<JobPage> {
  const jobs: JobOverview[] = [];
  const unreadable: UnreadableJob[] = [];
  let lookedAt = 0;
  let cursor = '';
  for await (const entries of indexEntries(edges.store, after)) {
    const overviews = await sideBySide(entries, (key) =>
      lookAt(edges, jobOfIndexKey(key), { status, owner }),
    );
    for (const [n, key] of entries.entries()) {
      // Only a further job shows that there is a next page.
      if (jobs.length === limit || lookedAt === MAX_LOOKED_AT) return { jobs, unreadable, next: cursor };
      cursor = key.slice(INDEX_PREFIX.length);
      lookedAt += 1;
      const overview = overviews[n];
      if (overview === undefined) continue;
      if ('problem' in overview) unreadable.push(overview);
      else if (isMeant(key, overview, status)) jobs.push(overview);
    }
  }
  return { jobs, unreadable };
}

/** States that only a summary reports. */
const TOLD_BY_SUMMARY: ReadonlySet<JobState | undefined> = new Set([
  'succeeded',
  'partial',
  'cancelled',
  'empty',
]);

/**
 * Reads a job for the list. Does not call Step Functions, which allows few calls per second, for jobs that the filter excludes.
 */
async function lookAt(
  edges: StatusEdges,
  jobId: string,
  { status, owner }: Pick<ListQuery, 'status' | 'owner'>,
): Promise<JobOverview | UnreadableJob | undefined> {
  if (TOLD_BY_SUMMARY.has(status) && (await edges.store.stat(summaryKey(jobId))) === undefined)
    return undefined;
  try {
    return await readOverview(edges, jobId, owner);
  } catch (error) {
    if (!(error instanceof UnreadableObject)) throw error;
    return owner === undefined ? { jobId, problem: error.message } : undefined;
  }
}

/**
 * True if an index entry counts for its job, and the job has the wanted status. A job that was rejected and later started has two
 * entries; the later one counts.
 */
function isMeant(key: string, { jobId, createdAt, status }: JobOverview, wanted?: JobState): boolean {
  const isItsOwn = indexKey(createdAt, jobId) === key;
  return isItsOwn && (wanted === undefined || status === wanted);
}

async function* indexEntries(store: ObjectStore, after: string | undefined): AsyncGenerator<string[]> {
  const start = after === undefined ? undefined : `${INDEX_PREFIX}${after}`;
  let chunk: string[] = [];
  for await (const { key } of store.list(INDEX_PREFIX, { after: start })) {
    chunk.push(key);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
