import type { ReadRow, Table, UnreadableRow } from '../row.ts';

/**
 * A row of a table whose cells are texts. An empty cell is an absent field.
 * @param line 1-based, in the table's own numbering of rows
 */
export function toTableRow(
  line: number,
  cells: readonly string[],
  { header }: Table,
): ReadRow | UnreadableRow {
  const fields = header.flatMap((column, n): [string, string][] => {
    const cell = cells[n] ?? '';
    return column === '' || cell === '' ? [] : [[column, cell]];
  });
  const value: Readonly<Record<string, string>> = Object.fromEntries(fields);
  if (!cells.slice(header.length).some((cell) => cell.trim() !== ''))
    return { kind: 'read', line, value, data: true };
  const message = `The row has ${cells.length} cells; the header has ${header.length}.`;
  return {
    kind: 'unreadable',
    line,
    raw: cells.join(','),
    problem: { code: 'WRONG_COLUMNS', message },
    fields: value,
  };
}
