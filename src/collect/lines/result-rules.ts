import type { OutputCheck } from './check-output.ts';
import type { LineRules } from './classify-line.ts';

/** The job's part of every result line. */
export interface ResultRules extends LineRules {
  readonly round: number;
  /** Of a job with a ladder: which of its steps asked, counted from 1, and whom. */
  readonly step?: number | undefined;
  readonly provider?: string | undefined;
  readonly resultShape: 'compact' | 'body';
  /** A simulator makes up the answers. */
  readonly simulated?: true | undefined;
  /** What answers must match. */
  readonly output?: OutputCheck | undefined;
}

/** Whether files are taken out of the answers; in the provider's whole body they stay where they are. */
export function takesFiles({ endpoint, resultShape }: ResultRules): boolean {
  return endpoint.takeFiles !== undefined && resultShape === 'compact';
}
