import { InvalidInput } from '../../errors.ts';
import { asBuffer } from '../../jsonl/lines.ts';
import type { Row } from '../row.ts';
import { MAX_COLUMNS, RecordCutter, type Broken, type Cut } from './csv-records.ts';
import { delimiterName, readSepLine, recogniseDelimiter } from './delimiter.ts';
import { notUtf8 } from './encoding.ts';
import type { ReadOptions } from './format.ts';
import { peek, withoutStart } from './peek.ts';
import type { Mark } from './position.ts';
import { TableReader } from './table-reader.ts';

/** Reads a table whose extension suggests commas. */
export function readCsv(chunks: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Row[]> {
  return readTable(chunks, ',', options);
}

/** Reads a table whose extension suggests tabs. */
export function readTsv(chunks: AsyncIterable<Uint8Array>, options: ReadOptions): AsyncGenerator<Row[]> {
  return readTable(chunks, '\t', options);
}

/**
 * Reads one row per record below the header, which names the fields. Columns that are not fields of a row are data for the
 * profile's templates and are not sent by themselves. An empty cell is an absent field, and a record with only empty cells is not
 * a row.
 * @throws InvalidInput when there is no usable header, or its bytes or quotes make the file unreadable or ambiguous.
 */
async function* readTable(
  chunks: AsyncIterable<Uint8Array>,
  promised: string,
  options: ReadOptions,
): AsyncGenerator<Row[]> {
  const { start, isWhole, chunks: all } = await peek(chunks);
  const sep = readSepLine(start);
  const sepBytes = sep?.bytes ?? 0;
  const delimiter =
    options.table?.delimiter ??
    sep?.delimiter ??
    recogniseDelimiter({ name: options.name, start, isWhole, promised, quotes: options.table?.quotes });
  noteDelimiter(delimiter, { promised, sep: sep?.delimiter }, options);
  const cutter = new RecordCutter({
    delimiter,
    quotes: options.table?.quotes,
    longest: options.maxRowBytes,
    firstLine: sep === undefined ? 1 : 2,
  });
  const reader = new TableReader(delimiter, options);
  yield* readRecords({ chunks: withoutStart(all, sepBytes), offset: sepBytes, cutter, reader }, options);
}

/** Continues reading a table from a mark in its middle. */
export function readTableFrom(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
  { delimiter = ',', offset, lines, header }: Mark,
): AsyncGenerator<Row[]> {
  const { table, maxRowBytes } = options;
  const cutter = new RecordCutter({
    delimiter,
    quotes: table?.quotes,
    longest: maxRowBytes,
    firstLine: lines + 1,
  });
  const reader = new TableReader(delimiter, options, header);
  return readRecords({ chunks: buffers(chunks), offset, cutter, reader }, options);
}

async function* buffers(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield asBuffer(chunk);
}

interface Records {
  readonly chunks: AsyncIterable<Buffer>;
  /** Position in the file of the first byte of these chunks. */
  readonly offset: number;
  readonly cutter: RecordCutter;
  readonly reader: TableReader;
}

async function* readRecords(
  { chunks, offset, cutter, reader }: Records,
  options: ReadOptions,
): AsyncGenerator<Row[]> {
  let end = offset;
  for await (const { records, end: bytes } of cutRecords(chunks, cutter, options)) {
    end += bytes;
    const rows = reader.read(records);
    options.tracker?.at({ as: 'table', offset: end, lines: cutter.line - 1, ...reader.learnt });
    if (rows.length > 0) yield rows;
  }
}

function noteDelimiter(
  delimiter: string,
  { promised, sep }: { readonly promised: string; readonly sep: string | undefined },
  { table, reading }: ReadOptions,
): void {
  reading.delimiter = delimiter;
  if (sep !== undefined && sep !== delimiter)
    reading.note(
      `The first line names the delimiter ${delimiterName(sep)}; the profile's ${delimiterName(delimiter)} is used.`,
    );
  if (table?.delimiter !== undefined || delimiter === promised) return;
  const why =
    sep === undefined ? 'as its header and its first records are separated' : 'as its first line says';
  reading.note(`Read with the delimiter ${delimiterName(delimiter)}, ${why}.`);
}

/**
 * Cuts a table into records. Cutting a record that is longer than its chunk is retried only after twice as many bytes have
 * arrived.
 */
async function* cutRecords(
  chunks: AsyncIterable<Buffer>,
  cutter: RecordCutter,
  { name, maxRowBytes, table, isPart = false }: ReadOptions,
): AsyncGenerator<Cut> {
  const source = chunks[Symbol.asyncIterator]();
  let pieces: Buffer[] = [];
  let [size, enough] = [0, 0];
  for (let isEnd = false; !isEnd;) {
    const next = await source.next();
    isEnd = next.done === true;
    if (next.done !== true) {
      pieces.push(asBuffer(next.value));
      size += next.value.length;
    }
    if (!isEnd && size < enough) continue;
    const [only] = pieces;
    const bytes = pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
    const cut: Cut = cutter.cut(bytes, isEnd && !isPart);
    if (cut.broken !== undefined) throw unreadable(name, cut.broken, table?.quotes);
    if (cut.end > 0) yield cut;
    const rest = bytes.subarray(cut.end);
    size = rest.length;
    if (size > maxRowBytes) throw unreadable(name, { why: 'too long', line: cutter.line }, table?.quotes);
    pieces = size === 0 ? [] : [rest];
    enough = Math.min(2 * size, maxRowBytes + 1);
  }
  if (isPart && size > 0) throw new InvalidInput(`A part of ${name} ends inside of a row.`);
}

const PLAIN_QUOTES =
  'If quotes are plain characters in this table, use --no-quotes, or table: { quotes: false } in the profile.';

function unreadable(name: string, { why, line }: Broken, quotes: boolean | undefined): InvalidInput {
  const hint = quotes === undefined ? ` ${PLAIN_QUOTES}` : '';
  switch (why) {
    case 'not UTF-8':
      return notUtf8(name, line);
    case 'too many columns':
      return new InvalidInput(`${name} has more than ${MAX_COLUMNS} columns in line ${line}.`);
    case 'too long':
      return new InvalidInput(
        `${name} cannot be read at line ${line}: the row is larger than a file may be; is a quote missing?${hint}`,
      );
    case 'quote never closed':
      return new InvalidInput(
        `${name} cannot be read at line ${line}: a quote opens a cell there and is never closed.${hint}`,
      );
    case 'text behind a quote':
      return new InvalidInput(
        `${name} cannot be read at line ${line}: a quote opens a cell there, and text follows the quote that closes it. A quote inside of quotes is written twice ("").${hint}`,
      );
  }
}
