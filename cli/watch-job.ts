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
  /** Shortest time between two looks. */
  readonly intervalSeconds: number;
  /** Aborting stops watching; the job continues. */
  readonly signal: AbortSignal;
}

/** How the looking ended. */
export type Watched =
  | { readonly end: 'ended'; readonly summary: Summary | undefined }
  /** Whoever looked has left. */
  | { readonly end: 'left' }
  /** Nothing runs the job. */
  | { readonly end: 'waits' };

/** Shards that are read per second and not more: a job of thousands is looked at less often. */
const SHARDS_PER_SECOND = 50;

/** Looks at a job again and again until it has ended. @throws InvalidRequest when there is no such job. */
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

/** Looks in a row that may fail: a job of a day outlives a lost connection. */
const MAX_MISSES = 20;

/** Looking again would not help: AWS says no, or does not know who asks. */
function isFinal(error: unknown): boolean {
  return error instanceof StoreRejected || error instanceof InvalidRequest || adviceFor(error) !== undefined;
}

function isOpen({ status: { status } }: JobDetails): boolean {
  return isOpenState(status);
}

/** @returns false if it was aborted */
async function wait(seconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(seconds * 1_000, undefined, { signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
