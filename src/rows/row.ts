import type { RowProblemCode } from '../job.ts';

/** One record of an input file: a value, its JSON text, or why there is none. */
export type Row = ReadRow | JsonRow | UnreadRow;

/** A row that is not read yet. */
export interface JsonRow {
  readonly line: number;
  /** Valid UTF-8, perhaps JSON. */
  readonly json: Buffer;
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
