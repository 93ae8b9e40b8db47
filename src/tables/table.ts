import type { ColumnKind } from './cell.ts';

/** A column of a table whose rows are made of `Source`. */
export interface Column<Source> {
  readonly name: string;
  readonly kind: ColumnKind;
  /** A JSON value; `undefined` and null are an empty cell. */
  readonly value: (source: Source) => unknown;
}

/** Rows that stream, under columns that are known before the first of them. */
export interface Table<Source> {
  readonly columns: readonly Column<Source>[];
  /** Reads them from the start, in batches. */
  readonly rows: () => AsyncIterable<readonly Source[]>;
}

/** Names that differ from each other in more than case, because many programs that read tables do not look at case. */
export class ColumnNames {
  readonly #taken = new Set<string>();

  constructor(taken: Iterable<string> = []) {
    for (const name of taken) this.#taken.add(name.toLowerCase());
  }

  /** The name, with the prefix as often as it takes. */
  add(name: string, prefix: string): string {
    let free = name;
    while (this.#taken.has(free.toLowerCase())) free = `${prefix}.${free}`;
    this.#taken.add(free.toLowerCase());
    return free;
  }
}
