import { styleText } from 'node:util';
import type { KnownError } from '../../src/checkpoints/invalid-rows.ts';
import { printable } from '../../src/text/printable.ts';
import { counted } from '../../src/text/counted.ts';

/** Most errors to show; `summary.json` has more. */
const SHOWN_ERRORS = 5;

/** Rows that are not ok by code, most frequent first, each with an example. */
export function errorLines(errors: readonly KnownError[]): string[] {
  const sorted = errors.toSorted((a, b) => b.rows - a.rows);
  const lines = sorted
    .slice(0, SHOWN_ERRORS)
    .map(({ rows, orMore, outcome = 'not ok', code, message = '' }) => {
      const named = styleText('yellow', printable(code ?? 'other codes'));
      return `  ${orMore === true ? 'at least ' : ''}${counted(rows, 'row')} ${outcome}: ${named} ${printable(message)}`.trimEnd();
    });
  const more = sorted.length - SHOWN_ERRORS;
  return more > 0 ? [...lines, `  … and ${counted(more, 'code')} more in summary.json`] : lines;
}
