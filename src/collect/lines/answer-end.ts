import type { Shown } from '../../endpoints/endpoint.ts';

/** How an answer ended that is not all that was asked for. */
export type AnswerEnd = 'truncated' | 'refused';

/** In lower case: providers write them in either. */
const TRUNCATED: ReadonlySet<unknown> = new Set([
  'length',
  'model_length',
  'max_tokens',
  'max_output_tokens',
]);
const REFUSED: ReadonlySet<unknown> = new Set(['content_filter', 'content-filter', 'safety', 'refusal']);

/** `truncated`: its tokens were used up; `refused`: by the model, or by the provider's filter. */
export function endOf({ finish_reason: reason, refusal }: Shown): AnswerEnd | undefined {
  const why = reason?.toLowerCase();
  if (refusal !== undefined || REFUSED.has(why)) return 'refused';
  return TRUNCATED.has(why) ? 'truncated' : undefined;
}
