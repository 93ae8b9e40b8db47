import type { Shown } from '../../endpoints/endpoint.ts';
import type { AnsweredLine } from '../../checkpoints/result-line.ts';

export interface RenderedAnswer {
  readonly customId: string;
  readonly body: unknown;
  /** The fields that its endpoint shows. */
  readonly shown: Shown;
  readonly round: number;
  /** Only in jobs with a ladder. */
  readonly step?: number | undefined;
  readonly provider?: string | undefined;
  readonly resultShape: 'compact' | 'body';
  /** Set if a simulator generated the answer. */
  readonly simulated?: true | undefined;
  /** Files of the answer, relative to the results. */
  readonly files?: readonly string[];
}

/** Renders the result line of an answered row: the fields of its endpoint, or the provider's whole body. */
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
