import type { Shown } from '../../endpoints/endpoint.ts';

/** How an answer ended that is not all that was asked for. */
export type AnswerEnd = 'truncated' | 'refused';

const TRUNCATED: ReadonlySet<unknown> = new Set(['length', 'model_length', 'max_tokens', 'MAX_TOKENS']);
const REFUSED: ReadonlySet<unknown> = new Set(['content_filter', 'SAFETY']);

/** `truncated`: its tokens were used up; `refused`: by the model, or by the provider's filter. */
export function endOf({ finish_reason: reason, refusal }: Shown): AnswerEnd | undefined {
  if (refusal !== undefined || REFUSED.has(reason)) return 'refused';
  return TRUNCATED.has(reason) ? 'truncated' : undefined;
}
