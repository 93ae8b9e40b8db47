import type { TableRules } from '../../checkpoints/profile.ts';
import type { Row } from '../row.ts';
import type { Mark, Standing } from './place.ts';
import type { Reading } from './reading.ts';

export interface ReadOptions {
  /** The file's name, for error messages. */
  readonly name: string;
  /** Longest row that is read, in bytes. */
  readonly maxRowBytes: number;
  /** Collects how the file is read. */
  readonly reading: Reading;
  /** What the profile says of its files, where recognition is not enough. */
  readonly table?: TableRules | undefined;
  /** Told of a table's header, before any of its rows. */
  readonly onHeader?: ((header: readonly string[]) => void) | undefined;
  /** Names that only a row has: an object with one of them is a row, not a map of prompts. */
  readonly rowFields?: ReadonlySet<string> | undefined;
  /** The bytes are a part of a file that ends where a row does: what is left over is no row. */
  readonly isPart?: boolean | undefined;
  /** Follows where the file can be entered again; undefined where its bytes are not read as they are. */
  readonly standing?: Standing | undefined;
}

/** Reads an input file's rows as they stream in, in batches. @throws InvalidInput when the content is of another format. */
export type ReadRows = (chunks: AsyncIterable<Uint8Array>, options: ReadOptions) => AsyncIterable<Row[]>;

/** Reads on from a mark that {@link ReadRows} has left. */
export type ReadOn = (
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
  from: Mark,
) => AsyncIterable<Row[]>;
