import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { candidatesKey, claimsPrefix, jobPrefix, summaryKey } from '../src/checkpoints/keys.ts';
import type { Edges } from '../src/edges.ts';
import { releaseClaims } from '../src/requests/claims.ts';
import { ifThere } from '../src/store/file-errors.ts';
import type { ObjectStore } from '../src/store/object-store.ts';

const JOBS = dirname(jobPrefix('any'));
const CLAIMS = dirname(claimsPrefix('any'));

/**
 * Releases files that a scheduled run has claimed but never read, because its host was killed before it recorded the job. The
 * schedule's next run claims them. Nothing else may run on the folder meanwhile.
 */
export async function releaseUnusedClaims(
  { store, log }: Pick<Edges, 'store' | 'log'>,
  folder: string,
): Promise<void> {
  const schedules = await namesIn(join(folder, CLAIMS));
  for (const jobId of await namesIn(join(folder, JOBS))) {
    if (!(await onlyLooked(store, folder, jobId))) continue;
    for (const schedule of schedules) await releaseClaims(store, { schedule, jobId });
    await store.delete(candidatesKey(jobId));
    log('claims_released', { jobId });
  }
}

/** True if the only object of a job is the list of files that its run saw. A job that has started has more objects. */
async function onlyLooked(store: ObjectStore, folder: string, jobId: string): Promise<boolean> {
  const [only, ...more] = await namesIn(join(folder, jobPrefix(jobId)));
  if (only !== basename(candidatesKey(jobId)) || more.length > 0) return false;
  return (await store.stat(summaryKey(jobId))) === undefined;
}

async function namesIn(path: string): Promise<string[]> {
  return (await ifThere(readdir(path))) ?? [];
}
