import { JobStopped, type Failure } from './errors.ts';
import { stopKey, type ShardRef } from './keys.ts';
import { readJson } from './store/json.ts';
import type { ObjectStore } from './store/object-store.ts';

/** `stop.json`: why the job starts nothing new. The first shard that was denied writes it; a resume removes it. */
export interface Stop {
  readonly failure: Failure;
}

/**
 * To be asked before anything that costs money is started.
 * @throws JobStopped when the job is stopped, with the reason of the stop.
 */
export async function refuseWhenStopped(store: ObjectStore, { jobId, shard }: ShardRef): Promise<void> {
  const stop = await readJson<Stop>(store, stopKey(jobId));
  if (stop === undefined) return;
  throw new JobStopped(`Shard ${shard} of job ${jobId} starts nothing new: ${stop.failure.message}`);
}
