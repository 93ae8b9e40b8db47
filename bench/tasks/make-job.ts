import type { ProfileConfig } from '../../src/config/config.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import { JOB_ID } from './job.ts';

/** The job of a task that needs the schemas of the configuration. They take 50 ms to load, and only some Lambdas need them. */
export function makeJob(input: string, profile: ProfileConfig): Job {
  const config = { profiles: { default: { provider: 'melious', ...profile } } };
  return {
    jobId: JOB_ID,
    inputs: [{ key: input }],
    profile: resolveProfile(config, 'default'),
    createdAt: '2026-11-01T00:00:00.000Z',
  };
}
