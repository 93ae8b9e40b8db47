import { INPUT_PREFIX, jobKey, summaryKey } from '../checkpoints/keys.ts';
import { checkpointDays, jobDaysOf } from '../config/limits.ts';
import { readDrop, type DropEvent } from '../requests/drop-event.ts';
import { isUnfinished } from '../requests/unfinished-files.ts';
import { sideBySide } from '../side-by-side.ts';
import { startDroppedJob } from './start-dropped-job.ts';
import type { StartEdges } from './start-job.ts';

export interface SweepOptions {
  /** Looks at files that were written in so many days. Default 2. */
  readonly days?: number | undefined;
  /** Most jobs that are started. Default 100. */
  readonly limit?: number | undefined;
}

export interface Sweep {
  readonly state: 'swept';
  /** Jobs of files that had none. */
  readonly jobs: readonly string[];
  /** Files that were looked at. */
  readonly files: number;
  /** False when there may be more: the limit or the time was used up. */
  readonly complete: boolean;
}

/** The event of a newer file may still arrive. Starting the file here as well would be harmless, but would cost calls. */
const LEFT_TO_ITS_EVENT_MS = 15 * 60_000;

/** The function that starts jobs may run for two minutes. */
const TIME_MS = 60_000;

const DAY_MS = 86_400_000;
const CHUNK = 32;

/**
 * Starts the jobs of files below `input/` that no job has: their event was lost, or they were there before S3 sent events.
 * A file's job is known by its `job.json` or its summary, so that one that was refused is not started again; and its
 * jobId is that of its event, so that both together start one job.
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

/** Longest that a file can be said to have no job: after that, the bucket has forgotten the job itself. */
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

/** The event that S3 sent, or should have sent, for the file as it is now; undefined when its job is known. */
async function missedEvent({ store }: StartEdges, key: string): Promise<DropEvent | undefined> {
  const found = await store.stat(key);
  // Without a version, the event is not known: it would have a number that nothing else tells.
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
