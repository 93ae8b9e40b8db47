import { jsonLine } from '../jsonl/json-line.ts';
import type { Table } from './table.ts';

/** Writes a table as JSON Lines: one object per row, with the fields that the row has. */
export async function* jsonRows<Source>({ columns, rows }: Table<Source>): AsyncGenerator<string> {
  for await (const batch of rows())
    yield batch
      .map((row) => jsonLine(Object.fromEntries(columns.map(({ name, value }) => [name, value(row)]))))
      .join('');
}
