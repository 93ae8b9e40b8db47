import type { RowProblemCode } from '../checkpoints/plan.ts';
import type { CsvRecord } from './formats/csv-records.ts';

/** One record of an input file: its value, the bytes that are not parsed yet, or why it has no value. */
export type Row = ReadRow | JsonRow | TableRow | UnreadableRow;

/** A row of JSON that is not parsed yet. */
export interface JsonRow {
  readonly kind: 'json';
  readonly line: number;
  /** Valid UTF-8; not parsed yet. */
  readonly json: Buffer;
}

/** A row of a table that is not parsed yet. */
export interface TableRow {
  readonly kind: 'table';
  readonly line: number;
  readonly table: Table;
  readonly record: CsvRecord;
}

/** One and the same for all rows of a file. */
export interface Table {
  /** Names of its columns; a column without a name is ignored. */
  readonly header: readonly string[];
  /** Where the last column with a name ends. */
  readonly named: number;
  /** Which column its rows are told apart by: the ids' one, or the first. */
  readonly idColumn: number;
}

export interface ReadRow {
  readonly kind: 'read';
  /** 1-based line, or ordinal where the format has no lines. */
  readonly line: number;
  /** Any JSON value: that it is an object is checked with everything else. */
  readonly value: unknown;
  /** Its fields are a table's columns: data for templates, not body parameters. */
  readonly data?: true;
}

/** A row that cannot be read; it is never sent. */
export interface UnreadableRow {
  readonly kind: 'unreadable';
  readonly line: number;
  readonly problem: Problem;
  /** The row's text as far as it can be shown, for the dead letters. */
  readonly raw: string;
  /** What could be read of it all the same: its id may be in there. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
}

export interface Problem {
  readonly code: RowProblemCode;
  readonly message: string;
}
