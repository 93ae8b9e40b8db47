import { invalidText } from '../endpoints/ask.ts';
import { hasLoneSurrogate } from '../jsonl/json-line.ts';

/**
 * Inserts a row's fields into a text.
 * @throws MissingColumn when the row lacks a field that the text names
 * @throws RowRejected when a value that is inserted as JSON has text that is not valid Unicode
 */
export type Template = (fields: Readonly<Record<string, unknown>>) => string;

/** Error for a row without a field that a template names. */
export class MissingColumn extends Error {
  override readonly name = 'MissingColumn';
  readonly column: string;
  constructor(column: string) {
    super(`The row has no "${column}".`);
    this.column = column;
  }
}

/**
 * Compiles `… {{column}} …`. Strings are inserted unchanged, other values as JSON. Inserted text is never read as a template
 * again.
 */
export function compileTemplate(text: string): Template {
  const parts = split(text);
  return (fields) =>
    parts.map((part) => (typeof part === 'string' ? part : fill(fields, part.column))).join('');
}

type Part = string | { readonly column: string };

/** Splits a template into texts and columns in linear time: reads each character once or twice, whatever the braces. */
function split(text: string): Part[] {
  const parts: Part[] = [];
  const brace = /[{}]/g;
  let done = 0;
  let open = text.indexOf('{{');
  while (open !== -1) {
    // If there are more than two opening braces, the last two count.
    while (text[open + 2] === '{') open += 1;
    brace.lastIndex = open + 2;
    const close = brace.exec(text)?.index ?? text.length;
    if (close > open + 2 && text.startsWith('}}', close)) {
      parts.push(text.slice(done, open), { column: nameIn(text.slice(open + 2, close)) });
      done = close + 2;
      open = text.indexOf('{{', done);
    } else open = text.indexOf('{{', Math.max(close, open + 2));
  }
  parts.push(text.slice(done));
  return parts;
}

/** The name between braces, without white space around it; if there is only white space, its last character. */
function nameIn(inner: string): string {
  return inner.trim() || inner.slice(-1);
}

/** A name without double braces on both sides, which a template sends unchanged. */
export interface WrongBraces {
  /** `{review}`, `{{review}`. */
  readonly written: string;
  readonly name: string;
}

export function wrongBraces(text: string): WrongBraces[] {
  const found = text.matchAll(/(?<!\{)(\{+)([^{}\n]{1,100})(\}+)/g);
  return [...found].flatMap(([written, open = '', inner = '', close = '']) =>
    Math.min(open.length, close.length) < 2 ? [{ written, name: inner.trim() }] : [],
  );
}

/** The columns that a template names. */
export function templateColumns(text: string): string[] {
  return split(text).flatMap((part) => (typeof part === 'string' ? [] : [part.column]));
}

function fill(fields: Readonly<Record<string, unknown>>, column: string): string {
  const value = Object.hasOwn(fields, column) ? fields[column] : undefined;
  if (value === undefined || value === null) throw new MissingColumn(column);
  if (typeof value === 'string') return value;
  const json = JSON.stringify(value);
  if (hasLoneSurrogate(json)) throw invalidText();
  return json;
}
