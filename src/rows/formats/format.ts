import type { TableRules } from '../../checkpoints/profile.ts';
import type { Row } from '../row.ts';
import type { Mark, PositionTracker } from './position.ts';
import type { Reading } from './reading.ts';

export interface ReadOptions {
  /** The file's name, for error messages. */
  readonly name: string;
  /** Longest row, in bytes. */
  readonly maxRowBytes: number;
  /** Records how the file is read. */
  readonly reading: Reading;
  /** The profile's settings for files, where detection is not enough. */
  readonly table?: TableRules | undefined;
  /** Called with a table's header before any of its rows. */
  readonly onHeader?: ((header: readonly string[]) => void) | undefined;
  /** Field names that only rows have: an object with one of them is a row, not a map of prompts. */
  readonly rowFields?: ReadonlySet<string> | undefined;
  /** True if the bytes are a part of a file that ends at the end of a row. An incomplete rest is then not a row. */
  readonly isPart?: boolean | undefined;
  /** Rows at the start of the file that are left out. */
  readonly skip?: number | undefined;
  /** Tracks positions at which reading can continue; undefined if the file's bytes are not read directly. */
  readonly tracker?: PositionTracker | undefined;
}

/**
 * Streams an input file's rows in batches.
 * @throws InvalidInput when the content has another format.
 */
export type ReadRows = (chunks: AsyncIterable<Uint8Array>, options: ReadOptions) => AsyncIterable<Row[]>;

/** Continues reading from a mark that {@link ReadRows} has left. */
export type ReadOn = (
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
  from: Mark,
) => AsyncIterable<Row[]>;
