import { InvalidInput } from '../../errors.ts';
import { parseExact } from '../../exact-json.ts';
import type { ReadOptions } from './format.ts';
import { frameLines, type Line } from '../../jsonl/lines.ts';
import type { JsonRow, Problem, ReadRow, Row, UnreadRow } from '../row.ts';
import { decodeLine, rawText } from './decode-line.ts';
import { unwritable } from './unwritable.ts';

/** JSON lines: a JSON value per line. They are handed on unread, for many need not be: see `splice-json.ts`. */
export async function* readJsonLines(
  chunks: AsyncIterable<Uint8Array>,
  { name, maxRowBytes }: ReadOptions,
): AsyncGenerator<Row[]> {
  let seen = false;
  for await (const lines of frameLines(chunks, maxRowBytes)) {
    if (!seen) refuseWholeDocument(lines[0], name);
    seen = true;
    yield lines.map((line) => toRow(line, maxRowBytes));
  }
}

function toRow(line: Line, maxRowBytes: number): Row {
  if (line.bytes !== undefined && line.isUtf8) return { line: line.number, json: line.bytes };
  const decoded = decodeLine(line, maxRowBytes);
  return 'text' in decoded ? { line: line.number, json: decoded.bytes } : decoded;
}

/** Reads a row that was handed on unread. */
export function readJsonRow({ line, json }: JsonRow): ReadRow | UnreadRow {
  const read = readJsonText(json.toString('utf8'));
  return 'value' in read ? { line, value: read.value } : { line, problem: read, raw: rawText(json) };
}

/** A row's value, or why it is none. */
export function readJsonText(text: string): { readonly value: unknown } | Problem {
  if (text.includes('\0'))
    return { code: 'INVALID_UTF8', message: 'The row is not text: it has a NUL byte.' };
  let value: unknown;
  try {
    value = parseExact(text);
  } catch {
    return { code: 'INVALID_JSON', message: 'The row is not valid JSON.' };
  }
  const reason = unwritable(value);
  return reason === undefined ? { value } : { code: 'INVALID_JSON', message: reason };
}

/** A first line that is a lone bracket is a document printed over many lines, which would be as many invalid rows. */
function refuseWholeDocument(first: Line | undefined, name: string): void {
  const text = first?.bytes?.toString('utf8').trim() ?? '';
  if (text === '{' || text === '[' || (text.startsWith('[') && 'value' in readJsonText(text))) {
    throw new InvalidInput(
      `${name} is one JSON document, not JSON lines: write one row per line, or name the file ".json".`,
    );
  }
}
