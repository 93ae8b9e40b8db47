import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { InvalidInput } from '../../errors.ts';
import type { ReadOptions } from '../formats.ts';
import { asBuffer } from '../lines.ts';
import type { Row, UnreadRow } from '../row.ts';
import { RecordCutter, type CsvRecord } from './csv-records.ts';

/** Rows handed on together. */
const BATCH_ROWS = 500;

/** As many as a spreadsheet has. Empty cells add nothing to a record's size, so that alone bounds no memory. */
const MAX_COLUMNS = 16_384;

/** What the decoder puts for bytes that are no UTF-8. */
const REPLACEMENT = '\ufffd';

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
  let header: readonly string[] | undefined;
  for await (const records of cutOrParse(chunks, { delimiter, name, maxRowBytes })) {
    const rows: Row[] = [];
    for (const { cells, line } of records) {
      if (header !== undefined) rows.push(toRow(header, cells, line));
      else if (!isBlank(cells)) header = checkHeader(cells, delimiter, name);
    }
    if (rows.length > 0) yield rows;
  }
}

interface CsvOptions extends ReadOptions {
  readonly delimiter: string;
}

/** Cuts records as long as they keep to the rules, and has all from the first one that does not parsed. */
async function* cutOrParse(
  chunks: AsyncIterable<Uint8Array>,
  options: CsvOptions,
): AsyncGenerator<readonly CsvRecord[]> {
  const longest = Math.min(LONGEST_CUT, options.maxRowBytes / MAX_CHARACTER_BYTES);
  const cutter = new RecordCutter(options.delimiter, longest);
  const texts = new TextReader(chunks);
  for (let rest = '', isEnd = false; !isEnd;) {
    const next = await texts.next();
    isEnd = next.isEnd;
    const text = rest + next.text;
    const { records, end, isOdd } = cutter.cut(text, isEnd);
    if (records.some(({ cells }) => cells.length > MAX_COLUMNS)) throw tooManyColumns(options.name);
    if (records.length > 0) yield records;
    rest = text.slice(end);
    if (isOdd || rest.length > longest) {
      yield* parseRecords(texts.remaining(rest), options, cutter.line);
      return;
    }
  }
}

/** Longest record that is cut, in characters: it is looked at from its start again with every chunk. */
const LONGEST_CUT = 1_000_000;
/** Of UTF-8, per unit of a JavaScript string. */
const MAX_CHARACTER_BYTES = 3;

/** Bytes as text, cut behind an ASCII character, for others may be in two chunks. */
class TextReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #bytes = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#source = chunks[Symbol.asyncIterator]();
  }

  async next(): Promise<{ readonly text: string; readonly isEnd: boolean }> {
    const { value, done } = await this.#source.next();
    if (done === true) return { text: this.#bytes.toString('utf8'), isEnd: true };
    const bytes = this.#bytes.length === 0 ? asBuffer(value) : Buffer.concat([this.#bytes, value]);
    let end = bytes.length;
    while (end > 0 && (bytes[end - 1] as number) >= 0x80) end -= 1;
    this.#bytes = Buffer.from(bytes.subarray(end));
    return { text: bytes.toString('utf8', 0, end), isEnd: false };
  }

  /** A text that was not used, and all bytes behind it. */
  async *remaining(text: string): AsyncGenerator<Buffer> {
    yield Buffer.from(text);
    yield this.#bytes;
    for (let next = await this.#source.next(); next.done !== true; next = await this.#source.next())
      yield asBuffer(next.value);
  }
}

async function* parseRecords(
  chunks: AsyncIterable<Buffer>,
  { delimiter, name, maxRowBytes }: CsvOptions,
  firstLine: number,
): AsyncGenerator<readonly CsvRecord[]> {
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
  let records: CsvRecord[] = [];
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

function toRow(header: readonly string[], cells: readonly string[], line: number): Row {
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
