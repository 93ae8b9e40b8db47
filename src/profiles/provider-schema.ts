import * as z from 'zod';
import { baseUrlProblem } from '../provider/http/addresses.ts';
import { tuning } from './common-fields.ts';
import { headersSchema } from './provider-headers.ts';

/** The schema of providers as users write them. Every field has a default, which is named here. */

const tokenLimit = z.number().int().min(1);

const providerShape = z.strictObject({
  /**
   * The provider's dialect: a name in `src/provider/dialects/`, or one of `dialects`. Default: the dialect with the provider's
   * name, otherwise `generic`.
   */
  dialect: z.string().min(1).optional(),
  /** Base URL including the version path, without a trailing slash: https, or http on this machine. Default: the dialect's. */
  baseUrl: z.string().optional(),
  /** Allow plain http for the key and the rows, to a server in your own network. Default: false. */
  insecure: z.boolean().optional(),
  /**
   * Headers of every call, for example for gateways: `{ 'x-team': 'data', 'x-gateway-key': { secret: 'gateway' } }`. A secret is
   * read by its name from the place where keys are.
   */
  headers: headersSchema.optional(),
  /** Most batches of all jobs at this provider at the same time. Default: unlimited. */
  maxBatches: z.number().int().min(1).max(1_000).optional(),
  /**
   * Most input tokens of a model's queued and running batches, over all jobs: one number for every model, or `{ 'gpt-4o': 90_000
   * }`. Default: the dialect's limit, lowered by what rejections show.
   */
  enqueuedTokens: z.union([tokenLimit, z.record(z.string().min(1), tokenLimit)]).optional(),
  ...tuning,
});

export const providerSchema = providerShape.superRefine(({ baseUrl, insecure }, ctx) => {
  const message = baseUrl === undefined ? undefined : baseUrlProblem(baseUrl, insecure);
  if (message !== undefined) ctx.addIssue({ code: 'custom', path: ['baseUrl'], message });
});

export type ProviderConfig = z.input<typeof providerSchema>;
