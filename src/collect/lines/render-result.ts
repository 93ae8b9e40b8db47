import type { Shown } from '../../endpoints/endpoint.ts';
import type { AnsweredLine } from '../../checkpoints/result-line.ts';

export interface RenderedAnswer {
  readonly customId: string;
  readonly body: unknown;
  /** What its endpoint shows of it. */
  readonly shown: Shown;
  readonly round: number;
  /** Of a job with a ladder. */
  readonly step?: number | undefined;
  readonly provider?: string | undefined;
  readonly resultShape: 'compact' | 'body';
  /** The answer is made up. */
  readonly simulated?: true | undefined;
  /** Where the answer's files are, beside the results. */
  readonly files?: readonly string[];
}

/** The result line of an answered row: as its endpoint shows it, or the provider's whole body. */
export function renderResult({
  customId,
  body,
  shown,
  round,
  step,
  provider,
  resultShape,
  simulated,
  files = [],
}: RenderedAnswer): AnsweredLine {
  const answer = resultShape === 'body' ? { body } : shown;
  const made = { ...(files.length > 0 && { files }), ...answer, ...(simulated && { simulated }) };
  const asked = { ...(provider !== undefined && { provider }), ...(step !== undefined && { step }) };
  return { custom_id: customId, ok: true, ...made, round, ...asked };
}
