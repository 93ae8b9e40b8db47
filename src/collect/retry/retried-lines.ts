import type { OutcomeCounts, ErrorCount } from '../../checkpoints/counts.ts';
import type { ResultLine } from '../../checkpoints/result-line.ts';
import type { RowProblem } from '../../checkpoints/plan.ts';
import { MAX_LISTED_PROBLEMS } from '../../checkpoints/plan.ts';
import { NO_ROWS } from '../../checkpoints/outcomes.ts';
import { ErrorTally } from '../counts/error-counts.ts';

/**
 * True if the retry has this row: the row is not ok, or an earlier merge of the same retry has replaced its line. The retry's
 * lines are in the order of the job's rows.
 */
export function isRetried(line: ResultLine, nth: number): boolean {
  return !line.ok || line.retried === nth;
}

/** Adds the retry's number to a result line that becomes a line of the job. */
export function markRetried(line: Buffer, nth: number): Buffer {
  return Buffer.concat([line.subarray(0, line.lastIndexOf('}')), Buffer.from(`,"retried":${nth}}\n`)]);
}

/** Counts of result lines by outcome and error, and the first invalid rows. */
export interface LineCounts {
  readonly counts: OutcomeCounts;
  readonly errors: readonly ErrorCount[];
  readonly problems: readonly RowProblem[];
}

/** Counts result lines by outcome and error. */
export class LineTally {
  readonly #counts: Record<keyof OutcomeCounts, number> = { ...NO_ROWS };
  readonly #errors = new ErrorTally();
  readonly problems: RowProblem[] = [];

  /** @param before the counts of earlier lines */
  constructor(before?: LineCounts) {
    if (before === undefined) return;
    Object.assign(this.#counts, before.counts);
    for (const error of before.errors) this.#errors.add(error);
    this.problems.push(...before.problems);
  }

  add(line: ResultLine): void {
    this.#counts[line.ok ? 'ok' : line.outcome] += 1;
    if (line.ok) return;
    const { outcome, custom_id, error } = line;
    const { code, message } = error;
    if (outcome !== 'invalid') this.#errors.add({ outcome, code, rows: 1, custom_id, message });
    else if (this.problems.length < MAX_LISTED_PROBLEMS)
      this.problems.push({ line: error.line ?? 0, custom_id, code: code as RowProblem['code'], message });
  }

  get counts(): OutcomeCounts {
    return { ...this.#counts };
  }

  get errors(): ErrorCount[] {
    return this.#errors.list();
  }
}
