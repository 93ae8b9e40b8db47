import { InvalidInput } from '../errors.ts';
import { readJsonLines } from './json-lines.ts';
import { readJsonObject } from './json-object.ts';
import type { Row } from './row.ts';

/** Reads an input file's rows as they stream in, in batches. @throws InvalidInput when the content is of another format. */
export type ReadRows = (chunks: AsyncIterable<Uint8Array>, options: ReadOptions) => AsyncIterable<Row[]>;

export interface ReadOptions {
  /** The file's name, for error messages. */
  readonly name: string;
  /** Longest row that is read, in bytes. */
  readonly maxRowBytes: number;
}

/** One line per input format. */
const FORMATS: readonly { readonly extensions: readonly string[]; readonly read: ReadRows }[] = [
  { extensions: ['.jsonl', '.ndjson'], read: readJsonLines },
  { extensions: ['.json'], read: readJsonObject },
];

/** The reader for a file, by its extension in any case. @throws InvalidInput when there is none. */
export function findFormat(name: string): ReadRows {
  const extension = /\.[^./]+$/.exec(name)?.[0]?.toLowerCase();
  const format = FORMATS.find(({ extensions }) => extension !== undefined && extensions.includes(extension));
  if (format !== undefined) return format.read;
  const known = FORMATS.flatMap(({ extensions }) => extensions).join(', ');
  throw new InvalidInput(`${name}: ${extension ?? 'no extension'} is not an input format. Known: ${known}.`);
}
