import type { ErrorCount, Outcome, Usage } from '../../checkpoints/counts.ts';
import type { FollowedRows } from '../../checkpoints/shard/filled.ts';
import { NO_ROWS, settledRows } from '../../checkpoints/outcomes.ts';
import type { ResultLine } from '../../checkpoints/result-line.ts';
import { ErrorTally } from '../counts/error-counts.ts';
import { NO_USAGE, plusUsage, addUsage, usageOfLine } from '../../spending/usage.ts';

/** Counts rows that earlier rows answer, and the usage that separate answers would have had. */
export class FollowerTally {
  readonly #counts: Record<Outcome, number> = { ...NO_ROWS };
  readonly #errors = new ErrorTally();
  #saved: Usage = NO_USAGE;

  add(customId: string, { outcome, error, usage }: FollowedAnswer): void {
    this.#counts[outcome] += 1;
    this.#saved = plusUsage(this.#saved, usage);
    if (error !== undefined) this.#errors.add({ ...error, rows: 1, custom_id: customId });
  }

  sums(): FollowedRows {
    const counts = { ...this.#counts };
    const saved = addUsage(this.#saved, NO_USAGE);
    return { rows: settledRows(counts), counts, errors: this.#errors.list(), saved };
  }
}

/** The counts that a result line adds for each row that it answers. */
export interface FollowedAnswer {
  readonly outcome: Outcome;
  readonly error: ErrorCount | undefined;
  readonly usage: Usage;
}

export function readFollowed(result: Buffer): FollowedAnswer {
  const line = JSON.parse(result.toString('utf8')) as ResultLine;
  const usage = usageOfLine(line);
  if (line.ok) return { outcome: 'ok', error: undefined, usage };
  const { outcome, error } = line;
  return { outcome, error: { outcome, code: error.code, message: error.message, rows: 1 }, usage };
}
