import type { JobLedger, Limits } from '../checkpoints/ledger.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';

/** A profile's limits. */
export function limitsOf({ budget, maxBad }: Pick<ResolvedProfile, 'budget' | 'maxBad'>): Limits {
  const { max, maxPerMonth } = budget;
  return { max, maxPerMonth, maxBad };
}

/** The current limits: those of the last resume, otherwise those at the job's start. */
export function currentLimits(
  profile: Pick<ResolvedProfile, 'budget' | 'maxBad'>,
  ledger: JobLedger | undefined,
): Limits {
  return ledger?.limits ?? limitsOf(profile);
}

export function hasLimits({ max, maxPerMonth, maxBad }: Limits): boolean {
  return (max ?? maxPerMonth ?? maxBad) !== undefined;
}

export function isInMoney({ max, maxPerMonth }: Limits): boolean {
  return (max ?? maxPerMonth) !== undefined;
}
