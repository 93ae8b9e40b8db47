import type { ShardStep } from '../checkpoints/collected.ts';
import type { Job } from '../checkpoints/job.ts';
import type { LadderStep, ResolvedProfile } from '../checkpoints/profile.ts';

/** A job as one step of its ladder asks its rows: for whatever handles a round of the step, it is the job. */
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
      // Rounds go on counting.
      rounds: step.from - 1 + rounds,
      ...(direct === true && { late: 'direct' as const }),
    },
  };
}

/** The step that rows go up to from this one. */
export function stepAbove(
  { then = [] }: ResolvedProfile,
  step: ShardStep | undefined,
): LadderStep | undefined {
  return then[step?.nth ?? 0];
}

/** What result lines say of the step, in jobs with a ladder: steps count from 1. */
export function stepFields(
  { then, provider }: ResolvedProfile,
  step: ShardStep | undefined,
): { readonly step?: number; readonly provider?: string } {
  return then === undefined ? {} : { step: (step?.nth ?? 0) + 1, provider: provider.name };
}

/** A hop's payload for a step: whom it asks is the step's, whatever the job began with. */
export function contextAtStep<Context extends object>(
  context: Context,
  { profile }: Job,
  step: ShardStep | undefined,
): Context {
  const { provider, polling } = profile;
  return step === undefined ? context : { ...context, provider, polling, step };
}

/** The providers that a job may ask, each once: the first step's, then those that rows may go up to. */
export function providersOf({ provider, then = [] }: Pick<ResolvedProfile, 'provider' | 'then'>): string[] {
  return [...new Set([provider, ...then.map((step) => step.provider)].map(({ name }) => name))];
}
