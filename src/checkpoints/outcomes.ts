import type { Outcome, OutcomeCounts } from './counts.ts';

/** Every outcome, in display order. */
export const OUTCOMES = [
  'ok',
  'failed',
  'exhausted',
  'invalid_output',
  'invalid',
] as const satisfies Outcome[];

/** The counts of a checkpoint. A checkpoint of an earlier version lacks outcomes that were added later. */
export type KnownCounts = Partial<OutcomeCounts>;

export const NO_ROWS: OutcomeCounts = { ok: 0, failed: 0, exhausted: 0, invalid_output: 0, invalid: 0 };

export function addCounts(counts: readonly KnownCounts[]): OutcomeCounts {
  const sum = (outcome: Outcome): number => counts.reduce((total, each) => total + (each[outcome] ?? 0), 0);
  return {
    ok: sum('ok'),
    failed: sum('failed'),
    exhausted: sum('exhausted'),
    invalid_output: sum('invalid_output'),
    invalid: sum('invalid'),
  };
}

/** Rows with their final outcome. */
export function settledRows(counts: KnownCounts): number {
  return OUTCOMES.reduce((sum, outcome) => sum + (counts[outcome] ?? 0), 0);
}

/** Rows with a final outcome other than ok: the rows of the dead letters. */
export function rowsNotOk(counts: KnownCounts): number {
  return settledRows(counts) - (counts.ok ?? 0);
}
