import { reusablePrefix } from '../checkpoints/keys.ts';
import type { Job } from '../checkpoints/job.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { hashOfScope } from './scope.ts';

/** An earlier job whose answers may be reused. */
export interface EarlierJob {
  readonly jobId: string;
  /** The time at which its results were written, ISO 8601. */
  readonly at: string;
}

/** The time from which times count down in keys, so that the newest job is listed first. */
const LAST_TIME = 9_999_999_999_999;
const TIME_DIGITS = 13;
const DAY_MS = 86_400_000;

/** Thirteen digits, and a jobId. */
const KEY_NAME = /\/(\d{13})-([^/]+)$/;

/** Key of an empty object that marks the answers of this job as reusable. */
export function reusableKey(scope: string, { jobId, at }: EarlierJob): string {
  const time = String(LAST_TIME - Date.parse(at)).padStart(TIME_DIGITS, '0');
  return `${reusablePrefix(hashOfScope(scope))}${time}-${jobId}`;
}

/** The job of such a key; undefined for any other key. */
export function jobOfReusableKey(key: string): EarlierJob | undefined {
  const [, time, jobId] = KEY_NAME.exec(key) ?? [];
  if (time === undefined || jobId === undefined) return undefined;
  return { jobId, at: new Date(LAST_TIME - Number(time)).toISOString() };
}

/** A unique name for each end of a job; a resumed job has several ends. */
export function entryNameOf({ jobId, at }: EarlierJob): string {
  return `${at} ${jobId}`;
}

/** Lists the jobs whose answers a job may reuse, newest first, each once. */
export async function* reusableJobs(store: ObjectStore, job: Job, scope: string): AsyncGenerator<EarlierJob> {
  const { reuse } = job.profile;
  if (reuse === undefined) return;
  const days = reuse === 'always' ? Infinity : reuse.days;
  const oldest = Date.parse(job.createdAt) - days * DAY_MS;
  const seen = new Set([job.jobId]);
  for await (const { key } of store.list(reusablePrefix(hashOfScope(scope)))) {
    const earlier = jobOfReusableKey(key);
    if (earlier === undefined) continue;
    if (Date.parse(earlier.at) < oldest) return;
    if (!seen.has(earlier.jobId)) yield earlier;
    seen.add(earlier.jobId);
  }
}
