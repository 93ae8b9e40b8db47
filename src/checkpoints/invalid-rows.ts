import type { ErrorCount } from './counts.ts';
import type { Summary } from './summary.ts';

/** Number of rows with an error code. Codes are recorded only for the first invalid rows. */
export interface KnownError extends ErrorCount {
  /** True if there may be more rows with this code. */
  readonly orMore?: true;
}

/** Invalid rows by code, each with an example. Summaries of older versions list none. */
export function invalidRows({
  problems = [],
  counts,
}: Partial<Pick<Summary, 'problems'>> & Pick<Summary, 'counts'>): KnownError[] {
  const byCode = Map.groupBy(problems, ({ code }) => code);
  return [...byCode].map(([code, [first, ...others]]) => ({
    outcome: 'invalid',
    code,
    rows: others.length + 1,
    ...(first && { custom_id: first.custom_id, message: `Line ${first.line}: ${first.message}` }),
    ...(problems.length < counts.invalid && { orMore: true }),
  }));
}
