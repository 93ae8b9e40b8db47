import { InvalidInput } from '../../errors.ts';
import type { ReadRow, Row, Table, TableRow, UnreadableRow } from '../row.ts';
import { bytesOf, cellsOf, type CsvRecord } from './csv-records.ts';
import type { ReadOptions } from './format.ts';
import { couldBeRows } from './merged-rows.ts';
import type { Mark } from './position.ts';
import { Reading } from './reading.ts';
import { readHeader, repeatsHeader } from './table-header.ts';

/** A row of a table. It is a class for the same reason as a line: see `lines.ts`. */
class ReadRecord implements TableRow {
  readonly kind = 'table';
  readonly line: number;
  readonly table: Table;
  readonly record: CsvRecord;

  constructor(line: number, table: Table, record: CsvRecord) {
    this.line = line;
    this.table = table;
    this.record = record;
  }
}

/** Turns a table's records into rows. The first record that is not blank is the header. */
export class TableReader {
  readonly #delimiter: string;
  readonly #options: ReadOptions;
  #header: readonly string[] | undefined;
  #table: Table | undefined;

  /** @param header the header, if reading continues after it */
  constructor(delimiter: string, options: ReadOptions, header?: readonly string[]) {
    this.#delimiter = delimiter;
    this.#options = options;
    this.#header = header;
    // The header's notices were reported when it was first read.
    if (header !== undefined)
      this.#table = readHeader(header, { ...options, reading: new Reading(), onHeader: undefined });
  }

  /** The header and delimiter, learned from the beginning of the table. */
  get learnt(): Pick<Mark, 'header' | 'delimiter'> {
    return { header: this.#header, delimiter: this.#delimiter };
  }

  read(records: readonly CsvRecord[]): Row[] {
    const { reading } = this.#options;
    const rows: Row[] = [];
    for (const record of records) {
      if (isEmpty(record)) reading.emptyRows.add(record.line);
      else if (this.#table === undefined) {
        this.#header = cellsOf(record);
        this.#table = readHeader(this.#header, this.#options);
      } else if (this.#isHeader(this.#table, record)) reading.repeatedHeaders.add(record.line);
      else rows.push(this.#toRow(this.#table, record));
    }
    return rows;
  }

  /** True if a record repeats the header. Fast for most records, whose first cell begins differently from the header's. */
  #isHeader(table: Table, record: CsvRecord): boolean {
    const { spans, chunk } = record;
    const [start = 0, end = 0] = spans;
    const [name = ''] = table.header;
    const first = chunk.bytes[start];
    const letter = name.charCodeAt(0);
    // Letters outside ASCII may begin with another byte, and a byte order mark may come first.
    if (letter < 0x80 && first !== letter && first !== 0xef) return false;
    if (first !== 0xef && end - start !== Buffer.byteLength(name)) return false;
    return repeatsHeader(cellsOf(record), table);
  }

  #toRow(table: Table, record: CsvRecord): TableRow {
    const { reading } = this.#options;
    const { spans, line } = record;
    if (record.plainQuotes > 0) reading.plainQuotes.add(line);
    if (record.lines > 1) this.#checkLines(table, record);
    if (spans.length < 2 * table.named) reading.shortRows.add(line);
    return new ReadRecord(line, table, record);
  }

  /** Reports records that may be several rows joined by a quote. */
  #checkLines({ header, idColumn }: Table, record: CsvRecord): void {
    const { name, table, reading } = this.#options;
    if (table?.quotes !== undefined) return;
    const could = couldBeRows(bytesOf(record).toString('latin1'), {
      delimiter: this.#delimiter,
      width: header.length,
      idColumn,
    });
    if (could === 'likely') {
      throw new InvalidInput(
        `${name}: lines ${record.line} to ${record.line + record.lines - 1} are one row if quotes hold cells together, and several rows if quotes are plain characters. Choose --quotes or --no-quotes, or table: { quotes: true } or { quotes: false } in the profile.`,
      );
    }
    if (could === 'possibly') reading.severalLines.add(record.line);
  }
}

/** White space, and the byte by which DOS ends a text. */
// oxlint-disable-next-line no-control-regex -- 0x1A ends a text in DOS
const BLANK = /^[\s\x1a]*$/;

/** True if no cell has a value. Fast for most records, which have one in their first cell. */
function isEmpty(record: CsvRecord): boolean {
  const { spans, chunk } = record;
  const first = chunk.bytes[spans[0] ?? 0] ?? 0;
  if ((spans[0] ?? 0) < (spans[1] ?? 0) && first > 0x20 && first < 0x7f) return false;
  for (let n = 0; n < spans.length; n += 2) {
    const [start, end] = [spans[n] as number, spans[n + 1] as number];
    if (start < end && !BLANK.test(chunk.bytes.toString('utf8', start, end))) return false;
  }
  return true;
}

/** Converts a row from its bytes. */
export function readTableRow({ table, record }: TableRow): ReadRow | UnreadableRow {
  const { header } = table;
  const { line } = record;
  const cells = cellsOf(record);
  const fields: [string, string][] = [];
  for (const [n, column] of header.entries()) {
    const cell = cells[n] ?? '';
    if (column !== '' && cell !== '') fields.push([column, cell]);
  }
  const value: Readonly<Record<string, string>> = Object.fromEntries(fields);
  const unreadable = (code: 'WRONG_COLUMNS' | 'INVALID_UTF8', message: string): UnreadableRow => ({
    kind: 'unreadable',
    line,
    raw: cells.join(','),
    problem: { code, message },
    fields: value,
  });
  if (cells.length > header.length && cells.slice(header.length).some((cell) => cell.trim() !== '')) {
    return unreadable(
      'WRONG_COLUMNS',
      `The row has ${cells.length} cells; the header has ${header.length}. A cell that holds the delimiter needs quotes around it.`,
    );
  }
  if (cells.some((cell) => cell.includes('\0')))
    return unreadable('INVALID_UTF8', 'The row is not text: it has a NUL byte.');
  return { kind: 'read', line, value, data: true };
}
