import { isOpenState } from '../src/status/job-states.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidRequest, StoreRejected } from '../src/errors.ts';
import { summaryObject, type Summary } from '../src/checkpoints/summary.ts';
import { readDetails, type JobDetails } from '../src/status/job-status.ts';
import { adviceFor } from './aws-advice.ts';
import { noSuchJob } from './targets/find-job.ts';
import type { Target } from './targets/open-target.ts';
import type { View } from './view/view.ts';

export interface WatchJob {
  readonly target: Target;
  readonly jobId: string;
  readonly view: View;
  /** Shortest time between two reads. */
  readonly intervalSeconds: number;
  /** Aborting it stops watching; the job continues. */
  readonly signal: AbortSignal;
}

/** The reason why watching ended. */
export type Watched =
  | { readonly end: 'ended'; readonly summary: Summary | undefined }
  /** Watching was aborted. */
  | { readonly end: 'left' }
  /** No process runs the job. */
  | { readonly end: 'waits' };

/** Most shards to read per second: a job with thousands of shards is read less often. */
const SHARDS_PER_SECOND = 50;

/**
 * Reads a job repeatedly until it has ended.
 * @throws InvalidRequest when the job does not exist.
 */
export async function watchJob({ target, jobId, view, intervalSeconds, signal }: WatchJob): Promise<Watched> {
  let misses = 0;
  try {
    for (;;) {
      let details: JobDetails | undefined;
      try {
        details = await readDetails(target, jobId);
        misses = 0;
      } catch (error) {
        misses += 1;
        if (misses > MAX_MISSES || isFinal(error)) throw error;
        if (!(await wait(intervalSeconds, signal))) return { end: 'left' };
        continue;
      }
      if (details === undefined) throw await noSuchJob(target, jobId);
      view.show(details);
      if (!isOpen(details)) return { end: 'ended', summary: await summaryObject.read(target.store, jobId) };
      const waits = details.status.status === 'queued' || details.status.status === 'stopped';
      if (waits && !(await target.isAlive())) return { end: 'waits' };
      const seconds = Math.max(intervalSeconds, details.shards.length / SHARDS_PER_SECOND);
      if (!(await wait(seconds, signal))) return { end: 'left' };
    }
  } finally {
    view.end();
  }
}

/** Most consecutive failed reads, so that watching a long job survives a lost connection. */
const MAX_MISSES = 20;

/** True for errors that a retry cannot fix: AWS rejects the call, or the credentials are missing. */
function isFinal(error: unknown): boolean {
  return error instanceof StoreRejected || error instanceof InvalidRequest || adviceFor(error) !== undefined;
}

function isOpen({ status: { status } }: JobDetails): boolean {
  return isOpenState(status);
}

/**
 * Waits, unless the wait is aborted.
 * @returns false if it was aborted
 */
async function wait(seconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(seconds * 1_000, undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
