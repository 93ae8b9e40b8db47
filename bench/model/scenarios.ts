import { resolveProfile } from '../../src/config/resolve-profile.ts';

const profile = resolveProfile({ profiles: { default: { provider: 'melious', model: 'm' } } }, 'default');

/** The defaults of a profile: what the model is about unless it is told otherwise. */
export const POLLING = profile.polling;
export const SHARD_LIMITS = profile.shardLimits;
