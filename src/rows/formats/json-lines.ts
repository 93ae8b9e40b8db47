import { InvalidInput } from '../../errors.ts';
import { parseExact } from '../../exact-json.ts';
import type { ReadOptions } from './format.ts';
import type { Line } from '../../jsonl/lines.ts';
import type { JsonRow, Problem, ReadRow, Row, UnreadableRow } from '../row.ts';
import { decodeLine, rawText } from './decode-line.ts';
import type { Mark } from './position.ts';
import { rowLines } from './row-lines.ts';
import { unwritable } from '../../jsonl/unwritable.ts';

/**
 * Reads JSON lines: one JSON value per line. The values are not parsed here, because the fast path needs no parsed value: see
 * `splice-json.ts`.
 */
export async function* readJsonLines(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
  from?: Mark,
): AsyncGenerator<Row[]> {
  const { name, maxRowBytes } = options;
  let seen = from !== undefined;
  for await (const lines of rowLines(chunks, options, 'json lines', from)) {
    if (!seen) rejectWholeDocument(lines[0], name);
    seen = true;
    yield lines.map((line) => toRow(line, maxRowBytes));
  }
}

/** A row that is a whole line. It is a class for the same reason as a line: see `lines.ts`. */
class WholeRow implements JsonRow {
  readonly kind = 'json';
  readonly line: number;
  readonly json: Buffer;

  constructor(line: number, json: Buffer) {
    this.line = line;
    this.json = json;
  }
}

function toRow(line: Line, maxRowBytes: number): Row {
  if (line.bytes !== undefined && line.isUtf8) return new WholeRow(line.number, line.bytes);
  const decoded = decodeLine(line, maxRowBytes);
  return 'text' in decoded
    ? { kind: 'json', line: line.number, json: decoded.bytes }
    : { ...decoded, fields: firstField(decoded.raw) };
}

/** Parses a row. */
export function readJsonRow({ line, json }: JsonRow): ReadRow | UnreadableRow {
  const read = readJsonText(json.toString('utf8'));
  if ('value' in read) return { kind: 'read', line, value: read.value };
  const raw = rawText(json);
  return { kind: 'unreadable', line, problem: read, raw, fields: firstField(raw) };
}

/** Matches a complete field at the beginning of an object: an id of limited length, or a number. */
const FIRST_FIELD = /^\s*\{\s*"([^"\\]{1,100})"\s*:\s*("(?:[^"\\]|\\.){1,1024}"|-?\d{1,40})\s*[,}]/;

/** The first field of a row that is not valid JSON after it. If the field is the id, the row keeps its id. */
function firstField(raw: string): Readonly<Record<string, unknown>> | undefined {
  const [, name, value] = FIRST_FIELD.exec(raw) ?? [];
  if (name === undefined || value === undefined) return undefined;
  try {
    return { [name]: parseExact(value) };
  } catch {
    return undefined;
  }
}

/** A row's value, or the problem. */
export function readJsonText(text: string): { readonly value: unknown } | Problem {
  if (text.includes('\0'))
    return { code: 'INVALID_UTF8', message: 'The row is not text: it has a NUL byte.' };
  let value: unknown;
  try {
    value = parseExact(text);
  } catch {
    return { code: 'INVALID_JSON', message: `The row is not valid JSON${marksAround(text)}.` };
  }
  const reason = unwritable(value);
  return reason === undefined ? { value } : { code: 'INVALID_JSON', message: reason };
}

/** Marks of a list, of an event stream and of JSON text sequences. */
// oxlint-disable-next-line no-control-regex -- RS is such a mark.
const AROUND = /^(?:[\s\u001e,[]|data:)+|[\s,;\]]+$/g;

/** Advice for a row that is invalid only because of marks around it; empty for another row. */
function marksAround(text: string): string {
  const inner = text.replaceAll(AROUND, '');
  if (inner === text.trim()) return '';
  try {
    JSON.parse(inner);
    return ': remove what stands around it, such as a comma or a bracket, or give a list of rows as one ".json" file';
  } catch {
    return '';
  }
}

/**
 * Rejects a JSON document of many lines, whose first line is a single bracket. Read as lines, each of its lines would be an
 * invalid row.
 */
function rejectWholeDocument(first: Line | undefined, name: string): void {
  const text = first?.bytes?.toString('utf8').trim() ?? '';
  if (text === '{' || text === '[' || (text.startsWith('[') && 'value' in readJsonText(text))) {
    throw new InvalidInput(
      `${name} is one JSON document, not JSON lines: write one row per line, or name the file ".json".`,
    );
  }
}
