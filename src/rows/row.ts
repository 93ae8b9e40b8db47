import type { RowProblemCode } from '../checkpoints/plan.ts';
import type { CsvRecord } from './formats/csv-records.ts';

/** One record of an input file: a value, unparsed bytes, or the reason why it is unreadable. */
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

/** Shared by all rows of a file. */
export interface Table {
  /** Names of its columns; a column without a name is ignored. */
  readonly header: readonly string[];
  /** Index after the last column with a name. */
  readonly named: number;
  /** The column that distinguishes its rows: that of the ids, otherwise the first. */
  readonly idColumn: number;
}

export interface ReadRow {
  readonly kind: 'read';
  /** 1-based line, or ordinal if the format has no lines. */
  readonly line: number;
  /** Any JSON value; a later check rejects values that are not objects. */
  readonly value: unknown;
  /** True if its fields are a table's columns: data for templates, not body parameters. */
  readonly data?: true;
}

/** An unreadable row; it is never sent. */
export interface UnreadableRow {
  readonly kind: 'unreadable';
  readonly line: number;
  readonly problem: Problem;
  /** The row's text for the dead letters, as far as it can be shown. */
  readonly raw: string;
  /** Fields that could be read, possibly with its id. */
  readonly fields?: Readonly<Record<string, unknown>> | undefined;
}

export interface Problem {
  readonly code: RowProblemCode;
  readonly message: string;
}
