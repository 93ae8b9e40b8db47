import * as z from 'zod';
import { completionWindow, jsonValue, price } from './common-fields.ts';

/** Most steps after the first. */
const MAX_STEPS = 5;

const ladderStep = z
  .strictObject({
    /** Another provider. Default: the one of the step before, as for every field that is left out. */
    provider: z.string().min(1).optional(),
    model: z.string().min(1).optional(),
    /** Parameters that differ: `{ max_tokens: 4000 }`. `null` takes one away that the profile or a row sets. */
    body: z.record(z.string(), jsonValue).optional(),
    /** Send the rows to the realtime endpoint, a call each. */
    direct: z.literal(true).optional(),
    /** Most rounds of this step. Default: the profile's; 1 where rows are sent directly. */
    rounds: z.number().int().min(1).max(10).optional(),
    completionWindow: completionWindow.optional(),
    price: price.optional(),
    /**
     * What goes up to this step: `exhausted`, `failed`, `invalid_output`; answers that are `truncated` or `refused`; all rows when the
     * provider is `denied` (key, credit) or `unavailable`; or codes of rows' errors. Default: exhausted, failed, invalid_output.
     */
    for: z.array(z.string().min(1)).min(1).optional(),
  })
  .refine(
    ({ provider, model, body, direct }) => (provider ?? model ?? body ?? direct) !== undefined,
    'must name what is different: provider, model, body or direct',
  );

export const ladderSchema = z.array(ladderStep).min(1).max(MAX_STEPS);
