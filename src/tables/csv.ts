import type { Summary } from '../checkpoints/summary.ts';
import { cellText, toCell } from './cell.ts';
import { csvRecord } from './csv-record.ts';
import { spreadsheetCells } from './spreadsheet-cell.ts';
import type { Table } from './table.ts';

/** Without a byte order mark, Excel reads a file in the system's 8-bit encoding. */
export const BYTE_ORDER_MARK = '\ufeff';

/** The default: RFC 4180, and safe to open in a spreadsheet. */
export const PLAIN_CSV: CsvOptions = { raw: false, delimiter: ',', lineEnd: '\r\n' };

/** The delimiters that spreadsheets accept. */
export const SPREADSHEET_DELIMITERS: readonly string[] = [',', ';', '\t', '|'];

/** The delimiter of a job's inputs, if all have the same: the spreadsheet that wrote them expects it. */
export function delimiterOfInputs(inputs: Summary['inputs']): string | undefined {
  const [delimiter, ...others] = new Set(inputs.map((input) => input.delimiter));
  return others.length === 0 && SPREADSHEET_DELIMITERS.includes(delimiter ?? '') ? delimiter : undefined;
}

/** CSV of answers beside the inputs of a job, in a form that the program of the inputs opens. */
export function csvBeside(inputs: Summary['inputs']): CsvOptions {
  return { ...PLAIN_CSV, delimiter: delimiterOfInputs(inputs) ?? PLAIN_CSV.delimiter };
}

export interface CsvOptions {
  /** True to leave cells unchanged, even if a spreadsheet would read one as a formula. */
  readonly raw: boolean;
  /** The separator of cells. */
  readonly delimiter: string;
  readonly lineEnd: string;
}

/** Writes a table as CSV: a header, then one record per row, in order. Holds one batch of rows at a time. */
export class CsvText {
  /** Number of cells so far that would have been formulas. */
  changed = 0;
  readonly #options: CsvOptions;

  constructor(options: CsvOptions) {
    this.#options = options;
  }

  async *records<Source>({ columns, rows }: Table<Source>): AsyncGenerator<string> {
    yield this.#record(columns.map(({ name }) => name));
    for await (const batch of rows())
      yield batch
        .map((row) => this.#record(columns.map((column) => cellText(toCell(column.value(row))))))
        .join('');
  }

  #record(texts: readonly string[]): string {
    const { raw, delimiter, lineEnd } = this.#options;
    if (raw) return csvRecord(texts, delimiter) + lineEnd;
    const safe = spreadsheetCells(texts, delimiter);
    this.changed += safe.filter((cell, n) => cell !== texts[n]).length;
    return csvRecord(safe, delimiter) + lineEnd;
  }
}
