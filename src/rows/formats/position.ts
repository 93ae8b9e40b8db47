import type { SavedReading } from './reading.ts';

/** Position of a reader between two batches of rows, at which a later call can continue. */
export interface Position {
  /** Number of the file's rows that were returned. */
  readonly rows: number;
  /** Absent if a file can only be read from its start: then its first rows are read again and skipped. */
  readonly entry?: Entry | undefined;
  /** Number of rows after the entry that are skipped. */
  readonly skip?: number | undefined;
}

/** A position in a file, with all facts from the start of the file that a reader needs. */
export type Entry = Mark & { readonly reading: SavedReading };

/** The facts that a format needs to continue in the middle of a file. */
export interface Mark {
  readonly as: 'json lines' | 'text' | 'table';
  /** Byte offset in the file. */
  readonly offset: number;
  /** Number of lines before it. */
  readonly lines: number;
  /** True if its lines end with carriage returns only. */
  readonly returns?: boolean | undefined;
  /** Only for a table: the cells of its header, if it was read, and the delimiter. */
  readonly header?: readonly string[] | undefined;
  readonly delimiter?: string | undefined;
}

/** Tracks the position of a reader in a file whose bytes are read directly. */
export class PositionTracker {
  /** Bytes that the reader does not see: the byte order mark. */
  base = 0;
  #mark: Mark | undefined;

  /**
   * Records the reader's position.
   * @param mark its offset counts from the reader's first byte
   */
  at(mark: Mark): void {
    this.#mark = { ...mark, offset: mark.offset + this.base };
  }

  get mark(): Mark | undefined {
    return this.#mark;
  }
}
