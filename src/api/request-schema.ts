import * as z from 'zod';
import type { OverridePolicy } from '../config/allowed-overrides.ts';
import { profileSchema } from '../profiles/profile-schema.ts';
import { jobRequestWith, retryRequestWith } from '../requests/job-request.ts';

/**
 * Fields that hold any JSON. The request was read by `JSON.parse`, which makes an infinity of 1e400; `parseJobRequest` checks
 * what the numbers are in its text.
 */
const READ = {
  body: z.record(z.string(), z.unknown()).optional(),
  output: profileSchema.shape.output
    .unwrap()
    .extend({ schema: z.record(z.string(), z.unknown()) })
    .optional(),
};

/** What a request to this API may hold: a job request whose overrides have the fields that the configuration lets it change. */
export function requestSchema(policy: OverridePolicy) {
  return jobRequestWith(overridesSchema(policy));
}

/** What a request to retry a job may hold. */
export function retrySchema(policy: OverridePolicy) {
  return retryRequestWith(overridesSchema(policy));
}

function overridesSchema({ fields, providers, endpoints }: OverridePolicy) {
  const { provider: _provider, endpoint: _endpoint, ...shape } = profileSchema.shape;
  const allowed = Object.entries({ ...shape, ...READ }).filter(([name]) =>
    fields.some((field) => field === name),
  );
  return z.strictObject({
    ...Object.fromEntries(allowed),
    ...(providers.length > 0 && { provider: z.enum(providers).optional() }),
    ...(endpoints.length > 0 && { endpoint: z.enum(endpoints).optional() }),
  });
}
