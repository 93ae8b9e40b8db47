import type { ProfileConfig } from '../../src/config/config.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';
import type { Edges } from '../../src/edges.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import { openStore } from '../../src/store/open-store.ts';

/** Shared by all tasks: the store that `STORE` names, and its one job. */

export const JOB_ID = 'bench';

export function openEdges(): Edges {
  return {
    store: openStore(process.env['STORE'] ?? ''),
    clock: { now: () => 1_790_000_000_000 },
    random: () => 0.5,
    log: () => undefined,
  };
}

export function makeJob(input: string, profile: ProfileConfig): Job {
  const config = { profiles: { default: { provider: 'melious', ...profile } } };
  return {
    jobId: JOB_ID,
    inputs: [{ key: input }],
    profile: resolveProfile(config, 'default'),
    createdAt: '2026-11-01T00:00:00.000Z',
  };
}
