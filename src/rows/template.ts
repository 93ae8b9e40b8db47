import { invalidText } from '../endpoints/ask.ts';
import { hasLoneSurrogate } from '../jsonl/json-line.ts';

/**
 * Fills a row's fields into a text.
 * @throws MissingColumn when the row lacks one the text names.
 * @throws RowRefused when a value that is filled in as JSON holds text that is not valid Unicode.
 */
export type Template = (fields: Readonly<Record<string, unknown>>) => string;

/** Thrown when a row has no field of a name that a template uses. */
export class MissingColumn extends Error {
  override readonly name = 'MissingColumn';
  readonly column: string;
  constructor(column: string) {
    super(`The row has no "${column}".`);
    this.column = column;
  }
}

const PLACEHOLDER = /\{\{\s*([^{}]+?)\s*\}\}/;

/**
 * Compiles `… {{column}} …`. Strings are filled in as they are, other values as JSON; what is filled in is never read
 * as a template again.
 */
export function compileTemplate(text: string): Template {
  // Split by a pattern with one group: texts and column names take turns.
  const parts = text.split(new RegExp(PLACEHOLDER, 'g'));
  return (fields) => parts.map((part, n) => (n % 2 === 0 ? part : fill(fields, part))).join('');
}

/** The columns that a template names. */
export function templateColumns(text: string): string[] {
  return [...text.matchAll(new RegExp(PLACEHOLDER, 'g'))].map(([, column = '']) => column);
}

function fill(fields: Readonly<Record<string, unknown>>, column: string): string {
  const value = Object.hasOwn(fields, column) ? fields[column] : undefined;
  if (value === undefined || value === null) throw new MissingColumn(column);
  if (typeof value === 'string') return value;
  const json = JSON.stringify(value);
  if (hasLoneSurrogate(json)) throw invalidText();
  return json;
}
