import { createHash } from 'node:crypto';
import type { Job } from '../checkpoints/job.ts';
import type { LadderStep } from '../checkpoints/profile.ts';
import { endpointAt } from '../endpoints/endpoints.ts';

/**
 * Everything besides the request's body that an answer depends on, and the job's profile and owner. Two jobs share answers only
 * if this text is equal.
 * @returns undefined for a job that does not reuse answers. Answers that are files are not reused: they belong to their job's
 * output
 */
export function scopeOf({ profile, owner, simulated }: Job): string | undefined {
  const { reuse, name, provider, endpoint, model, resultShape, output, then = [] } = profile;
  if (reuse === undefined || endpointAt(endpoint).takeFiles !== undefined) return undefined;
  const whose = { profile: name, owner, simulated };
  const asked = { provider: provider.name, at: provider.baseUrl, endpoint, model };
  const shown = { resultShape, schema: output?.schema };
  return JSON.stringify({ version: 1, whose, asked, shown, then: then.map(describeStep) });
}

/** The fields of a ladder's step that affect answers. */
function describeStep({ provider, model, body, direct, for: rows }: LadderStep): unknown {
  return { provider: provider.name, at: provider.baseUrl, model, body, direct, for: rows };
}

/** A scope as part of a key. */
export function hashOfScope(scope: string): string {
  return createHash('sha256').update(scope).digest('hex').slice(0, 32);
}
