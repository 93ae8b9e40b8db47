import { JOB_ID } from './programs/job-id.ts';
import type { Job } from '../src/job.ts';
import { resolveProfile } from '../src/config/resolve-profile.ts';
import { parseConfig } from '../src/config/config.ts';

/** A job as a door records it, with a profile's defaults. */
export function benchJob(
  endpoint: '/v1/chat/completions' | '/v1/embeddings',
  inputs: readonly string[],
): Job {
  const config = parseConfig({
    profiles: {
      default: {
        provider: 'melious',
        model: 'm',
        endpoint,
        body: { max_tokens: 64 },
        keepProviderFiles: true,
      },
    },
  });
  return {
    jobId: JOB_ID,
    createdAt: '2026-11-01T00:00:00.000Z',
    inputs: inputs.map((key) => ({ key })),
    profile: resolveProfile(config, 'default'),
  };
}
