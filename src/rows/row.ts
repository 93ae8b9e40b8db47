import type { RowProblemCode } from '../job.ts';
import type { CsvRecord } from './formats/csv-records.ts';

/** One record of an input file: a value, the bytes it is still in, or why there is none. */
export type Row = ReadRow | JsonRow | TableRow | UnreadRow;

/** A row of JSON lines that is not read yet. */
export interface JsonRow {
  readonly line: number;
  /** Valid UTF-8, perhaps JSON. */
  readonly json: Buffer;
}

/** A row of a table that is not read yet. */
export interface TableRow {
  readonly line: number;
  readonly table: Table;
  readonly record: CsvRecord;
}

/** One and the same for all rows of a file. */
export interface Table {
  readonly header: readonly string[];
}

export interface ReadRow {
  /** 1-based line, or ordinal where the format has no lines. */
  readonly line: number;
  /** Any JSON value: that it is an object is checked with everything else. */
  readonly value: unknown;
  /** Its fields are a table's columns: data for templates, not body parameters. */
  readonly data?: true;
}

export interface UnreadRow {
  readonly line: number;
  readonly problem: Problem;
  /** The row's text as far as it can be shown, for the dead letters. */
  readonly raw: string;
}

export interface Problem {
  readonly code: RowProblemCode;
  readonly message: string;
}
