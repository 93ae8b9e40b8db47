import { ledgerPrefix } from '../checkpoints/keys.ts';
import { EMPTY_LEDGER, type JobLedger, type Limits } from '../checkpoints/ledger.ts';
import { changeState } from '../checkpoints/state-log.ts';
import type { Job } from '../checkpoints/job.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { isLimited, limitsOf } from './limits.ts';

/**
 * Lets a job that is resumed go by its profile's limits as they are now: a larger budget lets it go on. Its bad rows so far
 * were looked at by whoever resumes it, and do not count any more.
 */
export async function renewLimits(
  store: ObjectStore,
  { jobId, profile }: Job,
  limits: Limits,
): Promise<void> {
  if (!isLimited(limitsOf(profile))) return;
  await changeState<JobLedger>(store, {
    prefix: ledgerPrefix(jobId),
    change: (before = EMPTY_LEDGER) =>
      JSON.stringify([before.limits, before.recent]) === JSON.stringify([limits, []])
        ? undefined
        : { ...before, limits, recent: [] },
  });
}
