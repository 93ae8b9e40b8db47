import type { Endpoint, Shown } from '../../endpoints/endpoint.ts';
import type { OkLine } from '../../job.ts';
import { asWire } from '../../provider/wire.ts';

export interface Answer {
  readonly customId: string;
  readonly body: unknown;
  readonly round: number;
  readonly endpoint: Endpoint;
  readonly resultShape: 'compact' | 'body';
  /** Whether the request's `input` was an array: then one vector per input is shown, also if there is one only. */
  readonly manyInputs: boolean;
  /** Where the answer's files are, beside the results. */
  readonly files?: readonly string[];
}

/**
 * The result line of an answered row, as its endpoint shows it; the body of one that is not known. Fields the line does not
 * show are kept in `body`; so are the choices when they hold more than one plain text.
 */
export function renderResult(answer: Answer): OkLine {
  const { customId, files = [], round } = answer;
  return { custom_id: customId, ok: true, ...(files.length > 0 && { files }), ...show(answer), round };
}

function show({ body, resultShape, endpoint, manyInputs }: Answer): Shown {
  const wire = asWire(body);
  if (wire === undefined || resultShape === 'body') return { body };
  return endpoint.show(wire, { manyInputs }) ?? { body };
}
