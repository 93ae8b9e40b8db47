import type { ReusedRows, Usage } from '../checkpoints/counts.ts';
import { addUsage, NO_USAGE, plusUsage } from '../spending/usage.ts';
import type { ReusedAnswer } from './reused-line.ts';

/** Counts rows that are answered from earlier jobs, and the cost of their answers. */
export class ReuseTally {
  #usage: Usage;
  readonly #rows: Map<string, number>;

  constructor(saved?: ReusedRows) {
    this.#usage = saved?.usage ?? NO_USAGE;
    this.#rows = new Map(saved?.from.map(({ jobId, rows }) => [jobId, rows]));
  }

  add({ job: { jobId }, usage }: ReusedAnswer): void {
    this.#usage = plusUsage(this.#usage, usage);
    this.#rows.set(jobId, (this.#rows.get(jobId) ?? 0) + 1);
  }

  /** The sums, rounded. */
  sums(): ReusedRows {
    return { ...this.save(), usage: addUsage(this.#usage, NO_USAGE) };
  }

  /** The exact sums, for a tally that continues with them. */
  save(): ReusedRows {
    const from = [...this.#rows].map(([jobId, rows]) => ({ jobId, rows }));
    return {
      rows: from.reduce((sum, { rows }) => sum + rows, 0),
      from: from.toSorted((a, b) => b.rows - a.rows || (a.jobId < b.jobId ? -1 : 1)),
      usage: this.#usage,
    };
  }
}
