import { INDEX_PREFIX, indexKey, jobOfIndexKey, summaryKey } from '../checkpoints/keys.ts';
import { sideBySide } from '../side-by-side.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { readOverview, type JobOverview, type StatusEdges } from './job-status.ts';
import type { JobState } from './job-states.ts';

export interface ListQuery {
  readonly status?: JobState | undefined;
  /** Only jobs of this caller of the API. Default: all. */
  readonly owner?: string | undefined;
  /** Most jobs in the page. */
  readonly limit: number;
  /** The `next` of the page before. */
  readonly after?: string | undefined;
}

export interface JobPage {
  readonly jobs: readonly JobOverview[];
  /** Given back as `after`, it gets the next page; absent on the last one. */
  readonly next?: string;
}

/** Jobs looked at for one page: with a rare status, a page may hold fewer jobs than asked for, and still have a next. */
const MAX_LOOKED_AT = 500;

const CHUNK = 32;

/** Jobs, newest first. */
export async function listJobs(
  edges: StatusEdges,
  { status, limit, after, owner }: ListQuery,
): Promise<JobPage> {
  const jobs: JobOverview[] = [];
  let lookedAt = 0;
  let cursor = '';
  for await (const entries of indexEntries(edges.store, after)) {
    const overviews = await sideBySide(entries, (key) =>
      lookAt(edges, jobOfIndexKey(key), { status, owner }),
    );
    for (const [n, key] of entries.entries()) {
      // Only now is it known that there is more.
      if (jobs.length === limit || lookedAt === MAX_LOOKED_AT) return { jobs, next: cursor };
      cursor = key.slice(INDEX_PREFIX.length);
      lookedAt += 1;
      const overview = overviews[n];
      if (overview !== undefined && isMeant(key, overview, status)) jobs.push(overview);
    }
  }
  return { jobs };
}

/** Ends that nothing but a summary tells of. */
const TOLD_BY_SUMMARY: ReadonlySet<JobState | undefined> = new Set([
  'succeeded',
  'partial',
  'cancelled',
  'empty',
]);

/** Step Functions answers few questions a second: it is not asked about jobs that the filter leaves out anyway. */
async function lookAt(
  edges: StatusEdges,
  jobId: string,
  { status, owner }: Pick<ListQuery, 'status' | 'owner'>,
): Promise<JobOverview | undefined> {
  if (TOLD_BY_SUMMARY.has(status) && (await edges.store.stat(summaryKey(jobId))) === undefined)
    return undefined;
  return readOverview(edges, jobId, owner);
}

/** A job that was refused and then started has two entries; the one of its start counts. */
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
