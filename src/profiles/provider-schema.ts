import * as z from 'zod';
import { baseUrlProblem } from '../provider/http/addresses.ts';
import { tuning } from './common-fields.ts';
import { headersSchema } from './provider-headers.ts';

/** Providers as users write them. Everything has a default; each default is named here, once. */

const tokenLimit = z.number().int().min(1);

const providerShape = z.strictObject({
  /**
   * How the provider speaks: a name in `src/provider/dialects/`, or one of `dialects`. Default: the dialect of the
   * provider's own name, else `generic`.
   */
  dialect: z.string().min(1).optional(),
  /** Up to and including the version, without a trailing slash: https, or http on this machine. Default: the dialect's. */
  baseUrl: z.string().optional(),
  /** Send the key and the rows over plain http, to a server in a network of your own. Default false. */
  insecure: z.boolean().optional(),
  /**
   * Sent with every call, as gateways ask for it: `{ 'x-team': 'data', 'x-gateway-key': { secret: 'gateway' } }`. A secret is read
   * where keys are, under its name.
   */
  headers: headersSchema.optional(),
  /** Most batches of all jobs at this provider at the same time. Default: no limit of ours. */
  maxBatches: z.number().int().min(1).max(1_000).optional(),
  /**
   * Most input tokens of the batches of a model that are queued or running, of all jobs: a number for each model, or
   * `{ 'gpt-4o': 90_000 }`. Default: what the dialect knows, and what refusals teach.
   */
  enqueuedTokens: z.union([tokenLimit, z.record(z.string().min(1), tokenLimit)]).optional(),
  ...tuning,
});

export const providerSchema = providerShape.superRefine(({ baseUrl, insecure }, ctx) => {
  const message = baseUrl === undefined ? undefined : baseUrlProblem(baseUrl, insecure);
  if (message !== undefined) ctx.addIssue({ code: 'custom', path: ['baseUrl'], message });
});

export type ProviderConfig = z.input<typeof providerSchema>;
