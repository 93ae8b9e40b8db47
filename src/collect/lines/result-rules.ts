import type { OutputCheck } from './check-output.ts';
import type { LineRules } from './classify-line.ts';

/** The settings of a job on which every result line depends. */
export interface ResultRules extends LineRules {
  readonly round: number;
  /** Only in jobs with a ladder: the step that sent the rows, from 1, and its provider. */
  readonly step?: number | undefined;
  readonly provider?: string | undefined;
  readonly resultShape: 'compact' | 'body';
  /** Set if a simulator generates the answers. */
  readonly simulated?: true | undefined;
  /** The schema that answers must match. */
  readonly output?: OutputCheck | undefined;
}

/** True if files are extracted from the answers. In the provider's whole body they stay in place. */
export function takesFiles({ endpoint, resultShape }: ResultRules): boolean {
  return endpoint.takeFiles !== undefined && resultShape === 'compact';
}
