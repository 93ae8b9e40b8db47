import { ledgerPrefix } from '../checkpoints/keys.ts';
import { EMPTY_LEDGER, type JobLedger, type Limits } from '../checkpoints/ledger.ts';
import { changeState } from '../checkpoints/state-log.ts';
import type { Job } from '../checkpoints/job.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { hasLimits, limitsOf } from './limits.ts';

/**
 * Applies the profile's current limits to a job that is resumed, so that a larger budget lets it continue. Its bad rows so far no
 * longer count, because the person who resumes it has accepted them.
 */
export async function renewLimits(
  store: ObjectStore,
  { jobId, profile }: Job,
  limits: Limits,
): Promise<void> {
  if (!hasLimits(limitsOf(profile))) return;
  await changeState<JobLedger>(store, {
    prefix: ledgerPrefix(jobId),
    change: (before = EMPTY_LEDGER) =>
      JSON.stringify([before.limits, before.recent]) === JSON.stringify([limits, []])
        ? undefined
        : { ...before, limits, recent: [] },
  });
}
