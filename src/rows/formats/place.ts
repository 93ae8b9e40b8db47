import type { SavedReading } from './reading.ts';

/** Where a reader stands between two batches of rows; a later call can go on from there. */
export interface Place {
  /** Rows of the file that were handed on. */
  readonly rows: number;
  /** Absent where a file can only be read from its start: then its first rows are read once more, and left out. */
  readonly entry?: Entry | undefined;
  /** Rows behind the entry that are left out. */
  readonly skip?: number | undefined;
}

/** A place in the middle of a file, with all that its start has told of it. */
export type Entry = Mark & { readonly reading: SavedReading };

/** What a format needs to be entered in the middle. */
export interface Mark {
  readonly as: 'json lines' | 'text' | 'table';
  /** Byte of the file. */
  readonly offset: number;
  /** Lines before it. */
  readonly lines: number;
  /** Its lines end with carriage returns alone. */
  readonly returns?: boolean | undefined;
  /** Of a table: the cells of its header, when it has been read, and what separates cells. */
  readonly header?: readonly string[] | undefined;
  readonly delimiter?: string | undefined;
}

/** Follows a reader through a file whose bytes are read as they are. */
export class Standing {
  /** Bytes that the reader does not see: a byte order mark. */
  base = 0;
  #mark: Mark | undefined;

  /** @param mark its offset counts from the first byte that the reader saw */
  at(mark: Mark): void {
    this.#mark = { ...mark, offset: mark.offset + this.base };
  }

  get mark(): Mark | undefined {
    return this.#mark;
  }
}
