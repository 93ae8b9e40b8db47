import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { InvalidInput } from '../../errors.ts';
import type { ReadOptions } from './format.ts';
import { asBuffer } from '../../jsonl/lines.ts';
import type { ReadRow, Row, Table, TableRow, UnreadRow } from '../row.ts';
import { cellsOf, RecordCutter, REPLACEMENT, type CsvRecord } from './csv-records.ts';

/** Rows handed on together. */
const BATCH_ROWS = 500;

/** As many as a spreadsheet has. Empty cells add nothing to a record's size, so that alone bounds no memory. */
const MAX_COLUMNS = 16_384;

/** A record as the parser gives it, with where it ends. */
interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number; readonly empty_lines: number };
}

/** Comma-separated values with a header. */
export function readCsv(chunks: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Row[]> {
  return readRecords(chunks, ',', options);
}

/** Tab-separated values with a header. */
export function readTsv(chunks: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Row[]> {
  return readRecords(chunks, '\t', options);
}

/**
 * A row per record, its fields named by the header. Columns that are no field of a row are data for the profile's
 * templates and are not sent by themselves. An empty cell is an absent field.
 * @throws InvalidInput when there is no usable header, or a quote makes the rest of the file unreadable.
 */
async function* readRecords(
  chunks: AsyncIterable<Uint8Array>,
  delimiter: string,
  { name, maxRowBytes }: ReadOptions,
): AsyncGenerator<Row[]> {
  let table: Table | undefined;
  for await (const records of cutOrParse(chunks, { delimiter, name, maxRowBytes })) {
    const rows: Row[] = [];
    for (const record of records) {
      if (table !== undefined) rows.push(toRow(table, record));
      else table = readHeader(record, delimiter, name);
    }
    if (rows.length > 0) yield rows;
  }
}

/** A record with its bytes, or as the parser gave it. */
type AnyRecord = CsvRecord | { readonly line: number; readonly cells: readonly string[] };

interface CsvOptions extends ReadOptions {
  readonly delimiter: string;
}

/** Cuts records as long as they keep to the rules, and has all from the first one that does not parsed. */
async function* cutOrParse(
  chunks: AsyncIterable<Uint8Array>,
  options: CsvOptions,
): AsyncGenerator<readonly AnyRecord[]> {
  const longest = Math.min(LONGEST_CUT, options.maxRowBytes);
  const cutter = new RecordCutter(options.delimiter, longest);
  const source = chunks[Symbol.asyncIterator]();
  for (let rest: Buffer = Buffer.alloc(0), isEnd = false; !isEnd;) {
    const next = await source.next();
    isEnd = next.done === true;
    const value: Uint8Array = isEnd ? Buffer.alloc(0) : next.value;
    const bytes = rest.length === 0 ? asBuffer(value) : Buffer.concat([rest, value]);
    const { records, end, isOdd } = cutter.cut(bytes, isEnd);
    if (records.some(({ spans }) => spans.length > 2 * MAX_COLUMNS)) throw tooManyColumns(options.name);
    if (records.length > 0) yield records;
    rest = bytes.subarray(end);
    if (isOdd || rest.length > longest) {
      yield* parseRecords(remaining(rest, source), options, cutter.line);
      return;
    }
  }
}

/** Longest record that is cut, in bytes: it is looked at from its start again with every chunk. */
const LONGEST_CUT = 1_000_000;

async function* remaining(rest: Buffer, source: AsyncIterator<Uint8Array>): AsyncGenerator<Buffer> {
  yield rest;
  for (let next = await source.next(); next.done !== true; next = await source.next())
    yield asBuffer(next.value);
}

async function* parseRecords(
  chunks: AsyncIterable<Buffer>,
  { delimiter, name, maxRowBytes }: CsvOptions,
  firstLine: number,
): AsyncGenerator<readonly AnyRecord[]> {
  const parser = parse({
    cast: (cell, { index }) => {
      if (index < MAX_COLUMNS) return cell;
      throw tooManyColumns(name);
    },
    delimiter,
    info: true,
    max_record_size: maxRowBytes,
    // All of them: left to itself, the parser takes the first line's end for every line's.
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    skip_empty_lines: true,
  });
  // The parser's own failure reaches the loop below; the source's destroys it on the way.
  pipeline(Readable.from(chunks), parser, () => undefined);
  let records: AnyRecord[] = [];
  let [lines, blank] = [0, 0];
  try {
    for await (const { record, info } of parser as AsyncIterable<Parsed>) {
      records.push({ cells: record, line: firstLine + lines + info.empty_lines - blank });
      [lines, blank] = [info.lines, info.empty_lines];
      if (records.length === BATCH_ROWS) {
        yield records;
        records = [];
      }
    }
    if (records.length > 0) yield records;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    // Not as its cause: the parser's error holds the record.
    const line = errorLine(error, firstLine);
    throw new InvalidInput(`${name} cannot be read as CSV near line ${line}: ${reason(error)}`);
  } finally {
    parser.destroy();
  }
}

function tooManyColumns(name: string): InvalidInput {
  return new InvalidInput(`${name} has more than ${MAX_COLUMNS} columns.`);
}

function errorLine(error: CsvError, firstLine: number): string {
  const lines: unknown = error['lines'];
  return typeof lines === 'number' ? String(firstLine - 1 + lines) : '?';
}

const REASONS: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is never closed.',
  CSV_INVALID_CLOSING_QUOTE: 'a quote stands in the middle of a field; double it ("") inside quotes.',
  INVALID_OPENING_QUOTE: 'a quote stands in the middle of a field; double it ("") inside quotes.',
  CSV_MAX_RECORD_SIZE: 'a row is larger than a file may be; is a quote missing?',
};

/** In our words: the parser's own messages show what the file holds. */
function reason({ code }: CsvError): string {
  return REASONS[code] ?? `${code}.`;
}

function isBlank(record: readonly string[]): boolean {
  return record.every((cell) => cell.trim() === '');
}

function checkHeader(header: readonly string[], delimiter: string, name: string): readonly string[] {
  const refuse = (what: string): never => {
    throw new InvalidInput(`${name} ${what}`);
  };
  const columns = header.map((column) => column.trim());
  const [only = ''] = columns;
  const other = [';', '\t', ','].find((separator) => separator !== delimiter && only.includes(separator));
  if (columns.length === 1 && other !== undefined) {
    refuse(`has its columns separated by ${SEPARATORS[other]}, not by ${SEPARATORS[delimiter]}.`);
  }
  if (columns.includes('')) refuse('has a column without a name in its header.');
  const seen = new Set<string>();
  const duplicate = columns.find((column) => seen.size === seen.add(column).size);
  if (duplicate !== undefined) refuse(`has two columns named "${duplicate.slice(0, 80)}".`);
  if (columns.some((column) => column.includes('\0'))) refuse('is not text.');
  if (columns.some((column) => column.includes(REPLACEMENT))) refuse('is not valid UTF-8: save it as UTF-8.');
  return columns;
}

const SEPARATORS: Readonly<Record<string, string>> = { ',': 'commas', ';': 'semicolons', '\t': 'tabs' };

/** Takes the header from the first record that is not blank. */
function readHeader(record: AnyRecord, delimiter: string, name: string): Table | undefined {
  const cells = 'cells' in record ? record.cells : cellsOf(record);
  return isBlank(cells) ? undefined : { header: checkHeader(cells, delimiter, name) };
}

function toRow(table: Table, record: AnyRecord): Row {
  if ('cells' in record) return readCells(table, record.cells, record.line);
  return { line: record.line, table, record };
}

/** Reads a row that was handed on in its bytes. */
export function readTableRow({ table, record }: TableRow): ReadRow | UnreadRow {
  return readCells(table, cellsOf(record), record.line);
}

function readCells({ header }: Table, cells: readonly string[], line: number): ReadRow | UnreadRow {
  if (cells.length !== header.length) {
    const message = `The row has ${cells.length} fields; the header has ${header.length}.`;
    return { line, raw: cells.join(','), problem: { code: 'WRONG_COLUMNS', message } };
  }
  const fields: [string, string][] = [];
  for (let n = 0; n < cells.length; n += 1) {
    const cell = cells[n] as string;
    if (cell.includes('\0') || cell.includes(REPLACEMENT)) return unreadable(cells, line);
    if (cell !== '') fields.push([header[n] as string, cell]);
  }
  return { line, value: Object.fromEntries(fields), data: true };
}

function unreadable(cells: readonly string[], line: number): UnreadRow {
  const raw = cells.join(',');
  const message = raw.includes('\0')
    ? 'The row is not text: it has a NUL byte.'
    : 'The row is not valid UTF-8: save the file as UTF-8.';
  return { line, raw, problem: { code: 'INVALID_UTF8', message } };
}
