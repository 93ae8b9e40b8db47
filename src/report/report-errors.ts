import type { ErrorCount } from '../checkpoints/counts.ts';
import type { ReportFacts } from './report-data.ts';
import { clip } from './page/text.ts';

/** Most bytes of a name and of a message in a page. */
export const NAME_BYTES = 160;
export const MESSAGE_BYTES = 500;

export interface ShownError extends Omit<ErrorCount, 'rows'> {
  readonly rows: number;
  /** True if there may be more, because only the first invalid rows are listed with their code. */
  readonly orMore: boolean;
}

export function showError({ code, custom_id, message, ...error }: ErrorCount): ShownError {
  return {
    ...error,
    ...(code !== undefined && { code: clip(code, NAME_BYTES) }),
    ...(custom_id !== undefined && { custom_id: clip(custom_id, NAME_BYTES) }),
    ...(message !== undefined && { message: clip(message, MESSAGE_BYTES) }),
    orMore: false,
  };
}

/** Invalid rows by code: there are fifteen codes, and the first hundred rows are listed. */
export function invalidRows({ problems, counts }: ReportFacts): ShownError[] {
  const byCode = Map.groupBy(problems, ({ code }) => code);
  return [...byCode].map(([code, [first, ...others]]) => ({
    ...showError({
      outcome: 'invalid',
      code,
      rows: others.length + 1,
      ...(first && { custom_id: first.custom_id, message: `Line ${first.line}: ${first.message}` }),
    }),
    orMore: problems.length < counts.invalid,
  }));
}
