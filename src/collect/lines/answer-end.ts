import type { Shown } from '../../endpoints/endpoint.ts';

/** The two ways in which an answer ends incomplete. */
export type AnswerEnd = 'truncated' | 'refused';

/** Compared in lower case, because providers use both. */
const TRUNCATED: ReadonlySet<unknown> = new Set([
  'length',
  'model_length',
  'max_tokens',
  'max_output_tokens',
]);
const REFUSED: ReadonlySet<unknown> = new Set(['content_filter', 'content-filter', 'safety', 'refusal']);

/** `truncated`: at the token limit; `refused`: by the model, or by the provider's filter. */
export function endOf({ finish_reason: reason, refusal }: Shown): AnswerEnd | undefined {
  const why = reason?.toLowerCase();
  if (refusal !== undefined || REFUSED.has(why)) return 'refused';
  return TRUNCATED.has(why) ? 'truncated' : undefined;
}
