import * as z from 'zod';
import { completionWindow, jsonValue, price } from './common-fields.ts';

/** Most steps after the first. */
const MAX_STEPS = 5;

const ladderStep = z
  .strictObject({
    /** Another provider. Default: that of the step before, as for every omitted field. */
    provider: z.string().min(1).optional(),
    model: z.string().min(1).optional(),
    /** Parameters that differ: `{ max_tokens: 4000 }`. `null` removes a parameter that the profile or a row sets. */
    body: z.record(z.string(), jsonValue).optional(),
    /** Send the rows direct: to the realtime endpoint, one call each. */
    direct: z.literal(true).optional(),
    /** Most rounds of this step. Default: the profile's; 1 for direct. */
    rounds: z.number().int().min(1).max(10).optional(),
    completionWindow: completionWindow.optional(),
    price: price.optional(),
    /**
     * The rows that move up to this step: `exhausted`, `failed`, `invalid_output`; answers that are `truncated` or `refused`;
     * rows of an `expired` batch, before the rounds that are left; all rows if the provider is `denied` (key, credit) or
     * `unavailable`; or error codes of rows. Default: exhausted, failed, invalid_output.
     */
    for: z.array(z.string().min(1)).min(1).optional(),
  })
  .refine(
    ({ provider, model, body, direct }) => (provider ?? model ?? body ?? direct) !== undefined,
    'must have at least one of provider, model, body and direct',
  );

export const ladderSchema = z.array(ladderStep).min(1).max(MAX_STEPS);
