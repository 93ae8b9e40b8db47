import type { Row } from '../row.ts';

export interface ReadOptions {
  /** The file's name, for error messages. */
  readonly name: string;
  /** Longest row that is read, in bytes. */
  readonly maxRowBytes: number;
}

/** Reads an input file's rows as they stream in, in batches. @throws InvalidInput when the content is of another format. */
export type ReadRows = (chunks: AsyncIterable<Uint8Array>, options: ReadOptions) => AsyncIterable<Row[]>;
