import { InvalidInput } from '../errors.ts';
import { readCsv, readTableFrom, readTsv } from './formats/csv.ts';
import { decodeText } from './formats/encoding.ts';
import {
  extensionOf,
  formatOf,
  isGzipped,
  KNOWN_EXTENSIONS,
  type FormatName,
} from './formats/format-names.ts';
import type { ReadOn, ReadOptions, ReadRows } from './formats/format.ts';
import { gunzip } from './formats/gunzip.ts';
import { readJsonDocument } from './formats/json-document.ts';
import { readJsonLines } from './formats/json-lines.ts';
import { peek } from './formats/peek.ts';
import type { Mark } from './formats/position.ts';
import { readText } from './formats/text.ts';
import type { Row } from './row.ts';

interface Format {
  readonly read: ReadRows;
  /** First bytes of its content, if it is not text. */
  readonly magic?: string;
  /** True if the format finds a row without reading the rows before it, and so skips those itself. */
  readonly skips?: true;
}

const FORMATS: Readonly<Record<FormatName, Format>> = {
  'json lines': { read: readJsonLines },
  json: { read: readJsonDocument },
  csv: { read: readCsv },
  tsv: { read: readTsv },
  text: { read: readText },
  workbook: { read: readXlsx, magic: 'PK\u0003\u0004' },
  parquet: { read: readParquetRows, magic: 'PAR1', skips: true },
};

const NAMES = Object.keys(FORMATS) as FormatName[];

/** Spreadsheet formats that are not read; their programs can save a readable one. */
const SPREADSHEETS = new Set(['.xls', '.xlsb', '.xlsm', '.ods', '.numbers']);

/** Loaded on demand, because few jobs need these formats and their readers load slowly. */
async function* readXlsx(chunks: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Row[]> {
  const { readWorkbookRows } = await import('./formats/workbook/read-workbook.ts');
  yield* readWorkbookRows(chunks, options);
}

async function* readParquetRows(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<Row[]> {
  const { readParquet } = await import('./formats/parquet.ts');
  yield* readParquet(chunks, options);
}

/**
 * Reads a file by its extension, in upper or lower case, after a check of its first bytes. An empty batch is returned, too, so
 * that the caller can check the time while rows are left out.
 * @throws InvalidInput when the format is unknown, or the content clearly has another format
 */
export async function* readRows(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<Row[]> {
  const { format } = formatOf(options.name);
  const rows = readAll(chunks, options);
  yield* format !== undefined && FORMATS[format].skips === true
    ? rows
    : withoutFirst(rows, options.skip ?? 0);
}

/** Leaves out the first rows. */
export async function* withoutFirst(batches: AsyncIterable<Row[]>, rows: number): AsyncGenerator<Row[]> {
  let left = rows;
  for await (const batch of batches) {
    yield left === 0 ? batch : batch.slice(left);
    left = Math.max(0, left - batch.length);
  }
}

async function* readAll(chunks: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Row[]> {
  const { name, reading } = options;
  const { extension, format: named } = formatOf(name);
  if (named === undefined) {
    throw new InvalidInput(
      `${name}: ${extension} is not an input format. Known: ${KNOWN_EXTENSIONS.join(', ')}, each also with .gz.${SPREADSHEETS.has(extension) ? ' Save it as .xlsx or .csv.' : ''}`,
    );
  }
  const format = FORMATS[named];
  reading.format = extension;
  const peeked = await peek(isGzipped(name) ? gunzip(chunks, name) : chunks);
  if (peeked.start[0] === 0x1f && peeked.start[1] === 0x8b)
    throw new InvalidInput(
      `${name} is named ${extension}, but its content is gzipped: add ".gz" to its name.`,
    );
  rejectOtherContent(peeked.start, { name, extension, format });
  if (format.magic !== undefined) {
    yield* format.read(peeked.chunks, { ...options, tracker: undefined });
    return;
  }
  const { start, chunks: content, mark } = await decodeText(peeked, options);
  if (
    (extension === '.csv' || extension === '.tsv') &&
    LOOKS_LIKE_JSON.test(start.toString('utf8', 0, 4_096))
  )
    throw new InvalidInput(
      `${name} is named ${extension}, but its content is JSON: name it ".jsonl" or ".json".`,
    );
  const { tracker } = options;
  const isAsItIs = reading.encoding === 'utf-8' && !isGzipped(name);
  if (tracker !== undefined) tracker.base = mark;
  yield* format.read(content, { ...options, tracker: isAsItIs ? tracker : undefined });
}

const READ_ON: Readonly<Record<Mark['as'], ReadOn>> = {
  'json lines': readJsonLines,
  text: readText,
  table: readTableFrom,
};

/** Continues reading a file: its bytes after a mark that {@link readRows} has left. */
export function readRowsFrom(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
  from: Mark,
): AsyncIterable<Row[]> {
  return READ_ON[from.as](chunks, options, from);
}

/** First bytes of files that Excel wrote before 2007, or encrypted. */
const OLD_OFFICE = 'd0cf11e0a1b11ae1';

/**
 * Compares the first bytes of a file with the format of its name.
 * @throws InvalidInput when the content clearly has another format than the name says
 */
function rejectOtherContent(
  start: Buffer,
  { name, extension, format }: { readonly name: string; readonly extension: string; readonly format: Format },
): void {
  const begins = ({ magic }: Format): boolean =>
    magic !== undefined && start.toString('latin1', 0, magic.length) === magic;
  if (start.toString('hex', 0, 8) === OLD_OFFICE)
    throw new InvalidInput(
      `${name} is an Excel file of the old kind (.xls), or has a password: save it as .xlsx without one, or as CSV.`,
    );
  const real = NAMES.find((other) => begins(FORMATS[other]));
  if (format.magic !== undefined && !begins(format))
    throw new InvalidInput(
      `${name} is named ${extension}, but its content is not: rename it after its format.`,
    );
  if (format.magic === undefined && real !== undefined)
    throw new InvalidInput(
      `${name} is named ${extension}, but its content is that of a ${extensionOf(real)}: rename it accordingly.`,
    );
}

/** The beginning of an object or an array; `[id],[review]` is a header. */
const LOOKS_LIKE_JSON = /^\s*(\{\s*["}]|\[\s*[[\]{"\d-])/;
