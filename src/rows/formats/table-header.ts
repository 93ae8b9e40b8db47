import { didYouMean, quoted } from '../../text/did-you-mean.ts';
import { InvalidInput } from '../../errors.ts';
import type { Table } from '../row.ts';
import type { ReadOptions } from './format.ts';

/** Most columns to name in a message. */
const NAMED = 20;

/**
 * Reads a table's header. Ignores columns without a name, such as the index that pandas writes.
 * @throws InvalidInput when two columns have the same name, a name is not text, or the id column is missing
 */
export function readHeader(cells: readonly string[], { name, table, reading, onHeader }: ReadOptions): Table {
  const header = cells.map(columnName);
  const columns = header.filter((column) => column !== '');
  const seen = new Set<string>();
  const duplicate = columns.find((column) => seen.size === seen.add(column).size);
  if (duplicate !== undefined) throw new InvalidInput(`${name} has two columns named ${quoted(duplicate)}.`);
  if (columns.some((column) => column.includes('\0')))
    throw new InvalidInput(`${name} is not text: it has NUL bytes.`);
  const id = table?.id;
  if (id !== undefined && !columns.includes(id)) {
    throw new InvalidInput(
      `${name} has no column ${quoted(id)} for the ids of its rows.${didYouMean(id, columns)} ${listColumns(columns)}`,
    );
  }
  noteHeader(header, columns, reading);
  onHeader?.(header);
  const idColumn = header.indexOf(
    [id, 'custom_id', 'id'].find((column) => column !== undefined && header.includes(column)) ?? '\0',
  );
  return {
    header,
    named: header.findLastIndex((column) => column !== '') + 1,
    idColumn: Math.max(0, idColumn),
  };
}

/**
 * A column's name without invisible characters: byte order marks, joiners, soft hyphens, marks of direction. Spaces of all kinds
 * are plain ones. Two joiners change how letters of some scripts are written, so they are kept inside a name.
 */
function columnName(cell: string): string {
  return cell
    .replaceAll(/(?![\u200c\u200d])\p{Cf}/gu, '')
    .replaceAll(/\p{Zs}/gu, ' ')
    .replaceAll(/^[\s\u200c\u200d]+|[\s\u200c\u200d]+$/g, '');
}

/** True if a row repeats the header, as in concatenated files. In a table with one column such a row may be data. */
export function repeatsHeader(cells: readonly string[], { header, named }: Table): boolean {
  if (named < 2 || cells.length < named) return false;
  // After a byte order mark, quotes are ordinary characters.
  const [first = '', ...others] = cells.map(columnName);
  const names = [first.replace(/^"(.*)"$/, '$1'), ...others];
  return names.every((name, n) => name === (header[n] ?? ''));
}

function noteHeader(
  header: readonly string[],
  columns: readonly string[],
  reading: ReadOptions['reading'],
): void {
  reading.columns = columns;
  reading.ignoredColumns = header.length - columns.length;
  if (reading.ignoredColumns === 0) return;
  const unnamed = header.flatMap((column, n) => (column === '' ? [n + 1] : []));
  const some = unnamed.slice(0, 5).join(', ');
  const which =
    unnamed.length === 1 ? `Column ${some} has` : `Columns ${some}${unnamed.length > 5 ? ', …' : ''} have`;
  reading.note(`${which} no name in the header: ignored.`);
}

/**
 * Lists the columns of a table, for a message about a missing column. Does not show the first row of a table without a header.
 */
export function listColumns(columns: readonly string[]): string {
  if (hasNoHeader(columns))
    return 'Its first line is read as the header, and has a number for a name: if that is a row, put a line with the names of the columns above it.';
  return `Its columns: ${nameColumns(columns)}.`;
}

/** The names of the first columns. */
function nameColumns(columns: readonly string[]): string {
  const some = columns.slice(0, NAMED).map((column) => quoted(column));
  return `${some.join(', ')}${columns.length > NAMED ? ', …' : ''}`;
}

/** True if the names of the columns look like a row: one of them is a number and not a year. */
export function hasNoHeader(columns: readonly string[]): boolean {
  return columns.some((name) => name !== '' && !YEAR.test(name) && Number.isFinite(Number(name)));
}

const YEAR = /^(19|20)\d\d$/;
