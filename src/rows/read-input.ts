import { basename } from 'node:path/posix';
import { InvalidInput } from '../errors.ts';
import type { InputRef } from '../checkpoints/job.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { readRows, readRowsFrom, withoutFirst } from './formats.ts';
import type { ReadOptions } from './formats/format.ts';
import { readTableRow } from './formats/table-reader.ts';
import { readJsonRow } from './formats/json-lines.ts';
import type { Position, PositionTracker } from './formats/position.ts';
import { Reading } from './formats/reading.ts';
import type { ReadRow, Row, UnreadableRow } from './row.ts';
import { rowFields } from './table-columns.ts';

/** Longest row to read, in bytes. No request is as long, and a malicious row takes fifty times its length in memory. */
const MAX_ROW_BYTES = 20_000_000;

/** Options for reading an input, with the position to begin at. */
export interface InputOptions extends Partial<Pick<ReadOptions, 'reading' | 'onHeader'>> {
  /** Position from which to continue; earlier rows are skipped. */
  readonly from?: Position | undefined;
  /** Byte of the file at which reading ends. A row begins there. Default: the end of the file. */
  readonly end?: number | undefined;
  readonly tracker?: PositionTracker | undefined;
}

/**
 * Reads the rows of a job's input file, in batches. The same job always reads the same rows.
 * @throws InvalidInput when the input does not exist, was changed, or cannot be read as its format
 */
export async function* readInput(
  store: ObjectStore,
  { key, version, etag }: InputRef,
  profile: ResolvedProfile,
  { reading = new Reading(), onHeader, from, end, tracker }: InputOptions = {},
): AsyncGenerator<Row[]> {
  const { table, shardLimits } = profile;
  const entry = from?.entry;
  const object = await store.open(key, {
    version,
    etag,
    ...(entry && { start: entry.offset }),
    ...(end !== undefined && { end }),
  });
  if (object === undefined) throw new InvalidInput(`There is no input file ${store.locate(key)}.`);
  const maxRowBytes = Math.min(shardLimits.maxBytes, MAX_ROW_BYTES);
  const name = basename(key);
  const options = {
    name,
    maxRowBytes,
    reading,
    onHeader,
    table,
    tracker,
    rowFields: rowFields(profile),
    isPart: end !== undefined,
  };
  try {
    if (entry === undefined) yield* readRows(object.body, { ...options, skip: from?.rows });
    else yield* withoutFirst(readRowsFrom(object.body, options, entry), from?.skip ?? 0);
  } finally {
    object.close();
  }
}

/** Converts a row from its bytes. */
export function readRow(row: Row): ReadRow | UnreadableRow {
  if (row.kind === 'json') return readJsonRow(row);
  return row.kind === 'table' ? readTableRow(row) : row;
}
