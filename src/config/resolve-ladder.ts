import type { LadderStep, ResolvedProfile } from '../checkpoints/profile.ts';
import { InvalidRequest } from '../errors.ts';
import type { ProfileConfig } from '../profiles/profile-schema.ts';

/** Rows that go up by default: every row that was sent and is not ok. */
const NOT_OK = ['exhausted', 'failed', 'invalid_output'];

/**
 * Fills in the steps of a profile after its first one: each step inherits from the step before it.
 * @throws InvalidRequest when a step names an unknown provider, endpoint or window
 */
export function resolveLadder(
  profile: ProfileConfig,
  resolveStep: (step: ProfileConfig) => ResolvedProfile,
): readonly LadderStep[] {
  const { then = [], late: _late, small: _small, ...first } = profile;
  let before: ProfileConfig = first;
  let body: LadderStep['body'] = {};
  let namesModel = false;
  return then.map((step, n) => {
    const isElsewhere = step.provider !== undefined && step.provider !== before.provider;
    const { completionWindow, ...kept } = before;
    const treatment: ProfileConfig = {
      ...kept,
      // Another provider may lack this completion window.
      ...(!isElsewhere && completionWindow !== undefined && { completionWindow }),
      ...given(step),
      rounds: step.rounds ?? (step.direct === true ? 1 : (first.rounds ?? undefined)),
    };
    before = treatment;
    body = { ...body, ...step.body };
    namesModel ||= step.model !== undefined;
    // Checked like late rows, because both go to the realtime endpoint.
    const resolved = named(n, () =>
      resolveStep(step.direct === true ? { ...treatment, late: 'direct' } : treatment),
    );
    return {
      ...stepOf(resolved),
      body,
      ...(!namesModel && { keepsModel: true }),
      ...(step.direct && { direct: true }),
      for: step.for ?? NOT_OK,
    };
  });
}

function given({
  provider,
  model,
  completionWindow,
  price,
}: NonNullable<ProfileConfig['then']>[number]): ProfileConfig {
  return {
    ...(provider !== undefined && { provider }),
    ...(model !== undefined && { model }),
    ...(completionWindow !== undefined && { completionWindow }),
    ...(price !== undefined && { price }),
  };
}

function stepOf(resolved: ResolvedProfile): Omit<LadderStep, 'body' | 'for' | 'keepsModel'> {
  const {
    provider,
    model,
    rounds,
    retryWaitSeconds,
    completionWindow,
    shardLimits,
    polling,
    price,
    maxBatches,
    enqueuedTokens,
  } = resolved;
  return {
    provider,
    ...(model !== undefined && { model }),
    rounds,
    retryWaitSeconds,
    completionWindow,
    shardLimits,
    polling,
    ...(price !== undefined && { price }),
    ...(maxBatches !== undefined && { maxBatches }),
    ...(enqueuedTokens !== undefined && { enqueuedTokens }),
  };
}

function named<Value>(n: number, resolve: () => Value): Value {
  try {
    return resolve();
  } catch (error) {
    if (!(error instanceof InvalidRequest)) throw error;
    throw new InvalidRequest(`then[${n}]: ${error.message}`, { cause: error });
  }
}
