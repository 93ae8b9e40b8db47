import { basename } from 'node:path/posix';
import { InvalidInput } from '../errors.ts';
import type { InputRef } from '../checkpoints/job.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { readRows } from './formats.ts';
import type { ReadOptions } from './formats/format.ts';
import { readTableRow } from './formats/csv.ts';
import { readJsonRow } from './formats/json-lines.ts';
import { Reading } from './formats/reading.ts';
import type { ReadRow, Row, UnreadableRow } from './row.ts';
import { rowFields } from './table-columns.ts';

/** Longest row that is read, in bytes. No request is as long; a row made to fill memory takes fifty times its length. */
const MAX_ROW_BYTES = 20_000_000;

/**
 * Reads the rows of a job's input file, in batches. The same job reads the same rows whenever it is asked.
 * @throws InvalidInput when the input is not there, is another one by now, or cannot be read as its format.
 */
export async function* readInput(
  store: ObjectStore,
  { key, version, etag }: InputRef,
  profile: ResolvedProfile,
  { reading = new Reading(), onHeader }: Partial<Pick<ReadOptions, 'reading' | 'onHeader'>> = {},
): AsyncGenerator<Row[]> {
  const { table, shardLimits } = profile;
  const object = await store.open(key, { version, etag });
  if (object === undefined) throw new InvalidInput(`There is no input file ${store.locate(key)}.`);
  const maxRowBytes = Math.min(shardLimits.maxBytes, MAX_ROW_BYTES);
  const name = basename(key);
  const options = { name, maxRowBytes, reading, onHeader, table, rowFields: rowFields(profile) };
  try {
    yield* readRows(object.body, options);
  } finally {
    object.close();
  }
}

/** Reads a row that is still in its bytes. */
export function readRow(row: Row): ReadRow | UnreadableRow {
  if (row.kind === 'json') return readJsonRow(row);
  return row.kind === 'table' ? readTableRow(row) : row;
}
