import type { Shown } from '../../endpoints/endpoint.ts';
import { endingOf } from '../../endpoints/finish-reasons.ts';

/** The two ways in which an answer ends incomplete. */
export type AnswerEnd = 'truncated' | 'refused';

/** `truncated`: at the token limit; `refused`: by the model, or by the provider's filter. */
export function endOf({ finish_reason: reason, refusal }: Shown): AnswerEnd | undefined {
  if (refusal !== undefined) return 'refused';
  const ending = endingOf(reason);
  return ending === 'broken off' ? undefined : ending;
}
