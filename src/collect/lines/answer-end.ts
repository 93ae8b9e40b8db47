import type { Endpoint } from '../../endpoints/endpoint.ts';
import { asWire } from '../../provider/wire.ts';

/** How an answer ended that is not all that was asked for. */
export type AnswerEnd = 'truncated' | 'refused';

/** `truncated`: its tokens were used up; `refused`: by the model, or by the provider's filter. */
export function endOf(body: unknown, endpoint: Endpoint): AnswerEnd | undefined {
  const wire = asWire(body);
  const { finish_reason, refusal } = (wire && endpoint.show(wire, { manyInputs: false })) ?? {};
  if (refusal !== undefined || finish_reason === 'content_filter') return 'refused';
  return finish_reason === 'length' ? 'truncated' : undefined;
}
