import { isExactNumber } from '../exact-json.ts';

/**
 * Deepest nesting of a row. `JSON.parse` accepts any depth, but `JSON.stringify` overflows the stack at thousands of levels, and
 * providers' parsers fail earlier: a common one at 128.
 */
const MAX_LEVELS = 100;

/** The reason why a parsed row cannot be written again unchanged; `undefined` if it can. */
export function unwritable(value: unknown, levels = MAX_LEVELS): string | undefined {
  if (typeof value !== 'object' || value === null || isExactNumber(value)) return undefined;
  if (levels === 0) return `The row is nested deeper than ${MAX_LEVELS} levels.`;
  for (const inner of Object.values(value)) {
    const reason = unwritable(inner, levels - 1);
    if (reason !== undefined) return reason;
  }
  return undefined;
}
