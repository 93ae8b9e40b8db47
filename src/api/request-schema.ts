import * as z from 'zod';
import type { OverridePolicy } from '../config/allowed-overrides.ts';
import { profileSchema } from '../profiles/profile-schema.ts';
import { jobRequestWith } from '../requests/job-request.ts';

/** What a request to this API may hold: a job request whose overrides have the fields that the configuration lets it change. */
export function requestSchema({ fields, providers, endpoints }: OverridePolicy) {
  const { provider: _provider, endpoint: _endpoint, ...shape } = profileSchema.shape;
  const allowed = Object.entries(shape).filter(([name]) => fields.some((field) => field === name));
  const overrides = z.strictObject({
    ...Object.fromEntries(allowed),
    ...(providers.length > 0 && { provider: z.enum(providers).optional() }),
    ...(endpoints.length > 0 && { endpoint: z.enum(endpoints).optional() }),
  });
  return jobRequestWith(overrides);
}
