import type { ColumnKind } from './cell.ts';

/** A column of a table whose rows come from a `Source`. */
export interface Column<Source> {
  readonly name: string;
  readonly kind: ColumnKind;
  /** A JSON value; `undefined` and null become an empty cell. */
  readonly value: (source: Source) => unknown;
}

/** Rows that are streamed, with columns that are known before the first row. */
export interface Table<Source> {
  readonly columns: readonly Column<Source>[];
  /** Reads the rows from the start, in batches. */
  readonly rows: () => AsyncIterable<readonly Source[]>;
}

/** Makes column names unique regardless of case, because many programs that read tables ignore case. */
export class ColumnNames {
  readonly #taken = new Set<string>();

  constructor(taken: Iterable<string> = []) {
    for (const name of taken) this.#taken.add(name.toLowerCase());
  }

  /** The name, with the prefix repeated as often as necessary. */
  add(name: string, prefix: string): string {
    let free = name;
    while (this.#taken.has(free.toLowerCase())) free = `${prefix}.${free}`;
    this.#taken.add(free.toLowerCase());
    return free;
  }
}
