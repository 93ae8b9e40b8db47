import { isExactNumber } from '../exact-json.ts';
import type { RowProblemCode } from '../checkpoints/plan.ts';

/** Thrown for a row that cannot become a request. */
export class RowRejected extends Error {
  override readonly name = 'RowRejected';
  readonly problem: { readonly code: RowProblemCode; readonly message: string };
  constructor(code: RowProblemCode, message: string) {
    super(message);
    this.problem = { code, message };
  }
}

export function noPrompt(message: string): RowRejected {
  return new RowRejected('NO_PROMPT', message);
}

/** The rejection of a row with text that is not valid Unicode: a provider would fail the row, or its whole file. */
export function invalidText(): RowRejected {
  return new RowRejected(
    'INVALID_TEXT',
    'The row has text that is not valid Unicode: half of a surrogate pair, such as "\\ud83d" alone. Cut texts between characters.',
  );
}

/**
 * Checks that a field is a text that is not blank.
 * @throws RowRejected unless the value is a text that is not blank
 */
export function nonBlank(text: unknown, field: string): string {
  if (typeof text === 'string' && text.trim() !== '') return text;
  throw noPrompt(
    text === undefined ? `The row has no ${field}.` : `${field} must be a string that is not blank.`,
  );
}

/**
 * The value of one of two alternative fields.
 * @throws RowRejected if the row has both
 */
export function oneOf(fields: Readonly<Record<string, unknown>>, first: string, second: string): unknown {
  if (fields[first] !== undefined && fields[second] !== undefined)
    throw noPrompt(`Give "${first}" or "${second}", not both.`);
  return fields[first] ?? fields[second];
}

export function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value);
}
