import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { InvalidInput } from '../../errors.ts';
import type { ReadOptions } from '../formats.ts';
import type { Row } from '../row.ts';

/** Rows handed on together. */
const BATCH_ROWS = 500;

/** As many as a spreadsheet has. Empty cells add nothing to a record's size, so that alone bounds no memory. */
const MAX_COLUMNS = 16_384;

/** What the decoder puts for bytes that are no UTF-8. */
const REPLACEMENT = '\ufffd';

/** A record as the parser gives it, with where it ends. */
interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
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
  let header: readonly string[] | undefined;
  let line = 1;
  let rows: Row[] = [];
  for await (const { record, info } of records(chunks, delimiter, name, maxRowBytes)) {
    if (header !== undefined) rows.push(toRow(header, record, line));
    else if (!isBlank(record)) header = checkHeader(record, delimiter, name);
    line = info.lines + 1;
    if (rows.length === BATCH_ROWS) {
      yield rows;
      rows = [];
    }
  }
  if (rows.length > 0) yield rows;
}

async function* records(
  chunks: AsyncIterable<Uint8Array>,
  delimiter: string,
  name: string,
  maxRowBytes: number,
): AsyncGenerator<Parsed> {
  const parser = parse({
    bom: true,
    cast: (cell, { index }) => {
      if (index < MAX_COLUMNS) return cell;
      throw new InvalidInput(`${name} has more than ${MAX_COLUMNS} columns.`);
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
  try {
    for await (const parsed of parser) yield parsed as Parsed;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    // Not as its cause: the parser's error holds the record.
    throw new InvalidInput(`${name} cannot be read as CSV near line ${errorLine(error)}: ${reason(error)}`);
  } finally {
    parser.destroy();
  }
}

function errorLine(error: CsvError): string {
  const lines: unknown = error['lines'];
  return typeof lines === 'number' ? String(lines) : '?';
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

function toRow(header: readonly string[], record: readonly string[], line: number): Row {
  const raw = record.join(',');
  if (record.length !== header.length) {
    const message = `The row has ${record.length} fields; the header has ${header.length}.`;
    return { line, raw, problem: { code: 'WRONG_COLUMNS', message } };
  }
  if (raw.includes(REPLACEMENT) || raw.includes('\0')) {
    const message = raw.includes('\0')
      ? 'The row is not text: it has a NUL byte.'
      : 'The row is not valid UTF-8: save the file as UTF-8.';
    return { line, raw, problem: { code: 'INVALID_UTF8', message } };
  }
  const fields = header
    .map((column, n) => [column, record[n] ?? ''] as const)
    .filter(([, cell]) => cell !== '');
  return { line, value: Object.fromEntries(fields), data: true };
}
