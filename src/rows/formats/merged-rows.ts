/** What tells the rows of a table apart. */
interface TableShape {
  readonly delimiter: string;
  readonly width: number;
  /** Where its ids are; 0 when it has none. */
  readonly idColumn: number;
}

/** An id as programs write them: no spaces, and a digit in it. */
const ID = /^(?=\S*\d)[^\s"]{1,64}$/;

/**
 * Whether a record over several lines looks like several rows, of which one has a quote at a cell's start and another one
 * at a cell's end. `likely`: its lines have cells like rows and, where a text may have those by chance, an id each.
 * `possibly`: its lines have as many cells as the table has columns.
 */
export function couldBeRows(
  record: string,
  { delimiter, width, idColumn }: TableShape,
): 'likely' | 'possibly' | undefined {
  const lines = record.split(/\r\n|\n|\r/).map((line) => line.split(delimiter));
  const isWhole = lines.every((cells) => cells.length === width);
  if (width === 1) return isWhole ? 'possibly' : undefined;
  const haveIds = lines.every(
    (cells) => cells.length > 1 && cells.length <= width && ID.test(cells[idColumn] ?? ''),
  );
  if (haveIds || (isWhole && delimiter === '\t')) return 'likely';
  return isWhole ? 'possibly' : undefined;
}
