import type { ShardStep } from '../checkpoints/round/collected.ts';
import type { Job } from '../checkpoints/job.ts';
import type { LadderStep, ResolvedProfile } from '../checkpoints/profile.ts';

/** The job with the profile of one step of its ladder, for all code that handles a round of the step. */
export function jobAtStep(job: Job, step: ShardStep | undefined): Job {
  const { then = [] } = job.profile;
  const taken = step === undefined ? undefined : then[step.nth - 1];
  if (step === undefined || taken === undefined) return job;
  const { body, direct, for: _for, keepsModel: _keeps, rounds, ...treatment } = taken;
  const {
    maxBatches: _slots,
    enqueuedTokens: _tokens,
    late: _late,
    directUpTo: _small,
    ...profile
  } = job.profile;
  return {
    ...job,
    profile: {
      ...profile,
      ...treatment,
      body: { ...profile.body, ...body },
      // Round numbers continue from step to step.
      rounds: step.from - 1 + rounds,
      ...(direct === true && { late: 'direct' as const }),
    },
  };
}

/** The step after this one, to which rows go up. */
export function stepAbove(
  { then = [] }: ResolvedProfile,
  step: ShardStep | undefined,
): LadderStep | undefined {
  return then[step?.nth ?? 0];
}

/** The step's fields in result lines of a job with a ladder. Steps count from 1. */
export function stepFields(
  { then, provider }: ResolvedProfile,
  step: ShardStep | undefined,
): { readonly step?: number; readonly provider?: string } {
  return then === undefined ? {} : { step: (step?.nth ?? 0) + 1, provider: provider.name };
}

/** A payload with the provider of the step in place of the job's. */
export function contextAtStep<Context extends object>(
  context: Context,
  { profile }: Job,
  step: ShardStep | undefined,
): Context {
  const { provider, polling } = profile;
  return step === undefined ? context : { ...context, provider, polling, step };
}

/** All providers that a job may use, each once: the first step's, then those of the steps above. */
export function providersOf({ provider, then = [] }: Pick<ResolvedProfile, 'provider' | 'then'>): string[] {
  return [...new Set([provider, ...then.map((step) => step.provider)].map(({ name }) => name))];
}
