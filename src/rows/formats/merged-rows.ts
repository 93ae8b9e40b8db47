/** The facts that distinguish the rows of a table. */
interface TableShape {
  readonly delimiter: string;
  readonly width: number;
  /** Position of the ids; 0 if the table has none. */
  readonly idColumn: number;
}

/** A typical id: no spaces, and at least one digit. */
const ID = /^(?=\S*\d)[^\s"]{1,64}$/;

/**
 * Checks whether a record over several lines may be several rows that were joined by a quote at the start of a cell in one row
 * and a quote at the end of a cell in another. `likely`: its lines have cells like rows and, if a text could have these by
 * chance, each line has an id. `possibly`: its lines have as many cells as the table has columns.
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
