import { INPUT_PREFIX, jobKey, summaryKey } from '../checkpoints/keys.ts';
import { checkpointDays, jobDaysOf } from '../config/limits.ts';
import { readDrop, type DropEvent } from '../requests/drop-event.ts';
import { isUnfinished } from '../requests/unfinished-files.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import { startDroppedJob } from './start-dropped-job.ts';
import type { StartEdges } from './start-job.ts';

export interface SweepOptions {
  /** Considers files written within this many days. Default: 2. */
  readonly days?: number | undefined;
  /** Most jobs to start. Default: 100. */
  readonly limit?: number | undefined;
}

export interface Sweep {
  readonly state: 'swept';
  /** Jobs that were started for files without one. */
  readonly jobs: readonly string[];
  /** Number of files checked. */
  readonly files: number;
  /** False if there may be more: the limit or the time was used up. */
  readonly complete: boolean;
}

/** The event of a file that is younger than this may still arrive. Starting its job here would be harmless, but costs calls. */
const LEFT_TO_ITS_EVENT_MS = 15 * 60_000;

/** The Lambda that starts jobs may run for two minutes. */
const TIME_MS = 60_000;

const DAY_MS = 86_400_000;
const CHUNK = 32;

/**
 * Starts jobs for files below `input/` without a job: their event was lost, or they were there before S3 sent events. A file has
 * a job if a `job.json` or a summary exists, so a rejected job is not started again. The jobId is the same as that of the file's
 * event, so the sweep and a late event start one job.
 */
export async function sweepInput(edges: StartEdges, options: SweepOptions = {}): Promise<Sweep> {
  const { days = 2, limit = 100 } = options;
  const until = edges.clock.now() + TIME_MS;
  const jobs: string[] = [];
  let files = 0;
  let complete = true;
  for await (const keys of recentFiles(edges, days)) {
    complete = jobs.length < limit && edges.clock.now() < until;
    if (!complete) break;
    files += keys.length;
    const events = await sideBySide(keys, (key) => missedEvent(edges, key));
    for (const event of events) {
      if (event === undefined || jobs.length === limit) continue;
      await startDroppedJob(edges, event);
      jobs.push(readDrop(event).jobId);
    }
    complete = jobs.length < limit;
  }
  edges.log('input_swept', { files, jobs: jobs.length, complete });
  return { state: 'swept', jobs, files, complete };
}

/** Most days for which a missing job can be recognised: after that, the bucket has deleted the job's own objects. */
export function longestSweepDays(config: StartEdges['config']): number {
  return checkpointDays(jobDaysOf(config)) - 1;
}

async function* recentFiles({ store, clock }: StartEdges, days: number): AsyncGenerator<string[]> {
  const now = clock.now();
  let chunk: string[] = [];
  for await (const { key, writtenAt } of store.list(INPUT_PREFIX)) {
    const age = now - writtenAt;
    if (key.endsWith('/') || isUnfinished(key) || age < LEFT_TO_ITS_EVENT_MS || age > days * DAY_MS) continue;
    chunk.push(key);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** The event that S3 sent, or should have sent, for the current version of the file; undefined if its job exists. */
async function missedEvent({ store }: StartEdges, key: string): Promise<DropEvent | undefined> {
  const found = await store.stat(key);
  // Without a version id the jobId cannot be derived: the event's own number is not stored anywhere else.
  if (found?.version === undefined) return undefined;
  const object = { key, 'version-id': found.version };
  const event: DropEvent = { source: 'aws.s3', detail: { bucket: { name: bucketOf(store.url) }, object } };
  const { jobId } = readDrop(event);
  const known = await sideBySide([jobKey(jobId), summaryKey(jobId)], (each) => store.stat(each));
  return known.some((each) => each !== undefined) ? undefined : event;
}

/** `s3://bucket` */
function bucketOf(url: string): string {
  return url.replace(/^s3:\/\//, '');
}
