import { JobStopped, type Failure } from '../errors.ts';
import { stopKey, type ShardRef } from './keys.ts';
import { storedObject } from './stored-object.ts';
import type { ObjectStore } from '../store/object-store.ts';

/**
 * `stop.json`: the reason why the job sends nothing new. Written by a shard whose account was denied, and by a cancel. Starting
 * or resuming the job removes it.
 */
export interface Stop {
  readonly failure: Failure;
}

export const stopObject = storedObject<Stop, string>(stopKey);

export async function readStop(store: ObjectStore, jobId: string): Promise<Stop | undefined> {
  return stopObject.read(store, jobId);
}

/** A cancelled job also cancels its batches; a job whose account was denied lets them run to their end. */
export function isCancelled(stop: Stop | undefined): boolean {
  return stop?.failure.name === 'JobCancelled';
}

/**
 * Rejects a stopped job. Call it before starting anything that costs money.
 * @throws JobStopped when the job is stopped, with the reason of the stop.
 */
export async function rejectWhenStopped(store: ObjectStore, { jobId, shard }: ShardRef): Promise<void> {
  const stop = await readStop(store, jobId);
  if (stop === undefined) return;
  throw new JobStopped(`Shard ${shard} of job ${jobId} starts nothing new: ${stop.failure.message}`);
}
