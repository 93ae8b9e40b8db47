import * as z from 'zod';
import type { OverridePolicy } from '../config/allowed-overrides.ts';
import { profileSchema } from '../profiles/profile-schema.ts';
import { jobRequestWith, retryRequestWith } from '../requests/job-request.ts';

/**
 * Fields that hold any JSON. The API has read the request with `JSON.parse`, which turns 1e400 into infinity; `parseJobRequest`
 * checks the numbers in the original text.
 */
const READ = {
  body: z.record(z.string(), z.unknown()).optional(),
  output: profileSchema.shape.output
    .unwrap()
    .extend({ schema: z.record(z.string(), z.unknown()) })
    .optional(),
};

/** Schema of a job request to this API. Its overrides have only the fields that the configuration allows to change. */
export function requestSchema(policy: OverridePolicy) {
  return jobRequestWith(overridesSchema(policy));
}

/** Schema of a request to retry a job. */
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
