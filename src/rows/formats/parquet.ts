import { open, type FileHandle } from 'node:fs/promises';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import {
  parquetMetadataAsync,
  parquetReadObjects,
  parquetSchema,
  type AsyncBuffer,
  type Compressors,
  type FileMetaData,
} from 'hyparquet';
import { InvalidInput } from '../../errors.ts';
import { readNumber } from '../../exact-json.ts';
import type { ReadRow } from '../row.ts';
import type { ReadOptions } from './format.ts';
import { spool } from './spool.ts';
import { readHeader } from './table-header.ts';

/** Number of rows that are read together. A row group is read in few pieces, because each piece searches for its pages again. */
const PIECE_ROWS = 5_000;
const MAX_PIECES = 20;

/** Decompressors in addition to the reader's own. */
const COMPRESSORS: Compressors = {
  GZIP: (input) => gunzipSync(input),
  BROTLI: (input) => brotliDecompressSync(input),
  ZSTD: (input) => zstdDecompressSync(input),
};

/**
 * Reads one row per row of a Parquet file. Its columns are data for templates, like those of a table. Copies the file to a
 * temporary file, because its table of contents is at its end. Rows to leave out are not read.
 * @throws InvalidInput when it is not a Parquet file, or its compression is not supported
 */
export async function* readParquet(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<ReadRow[]> {
  const { name, skip = 0 } = options;
  await using spooled = await spool(chunks, name);
  await using handle = await open(spooled.path);
  const file = await asBuffer(handle);
  const metadata = await attempt(name, () => parquetMetadataAsync(file));
  readHeader(columnsOf(metadata), options);
  let groupEnd = 0;
  for (const { num_rows: count } of metadata.row_groups) {
    let rowStart = Math.max(groupEnd, skip);
    groupEnd += Number(count);
    const piece = Math.max(PIECE_ROWS, Math.ceil(Number(count) / MAX_PIECES));
    while (rowStart < groupEnd) {
      const range = { rowStart, rowEnd: Math.min(rowStart + piece, groupEnd) };
      const rows = await attempt(name, () =>
        parquetReadObjects({ file, metadata, compressors: COMPRESSORS, ...range }),
      );
      const first = rowStart + 1;
      yield rows.map((row, n) => ({ kind: 'read', line: first + n, value: plain(row), data: true }));
      rowStart = range.rowEnd;
    }
  }
}

function columnsOf(metadata: FileMetaData): string[] {
  return parquetSchema(metadata).children.map(({ element }) => element.name);
}

async function attempt<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InvalidInput(
      `${name} is not a Parquet file that can be read: ${reason}. Save it again, compressed with Snappy, gzip or Zstandard.`,
      { cause: error },
    );
  }
}

async function asBuffer(handle: FileHandle): Promise<AsyncBuffer> {
  const { size } = await handle.stat();
  return {
    byteLength: size,
    async slice(start, end = size) {
      const bytes = Buffer.alloc(end - start);
      await handle.read(bytes, 0, bytes.length, start);
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    },
  };
}

/** Converts a value to JSON without losing digits; omits absent values. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return readNumber(String(value));
  if (value instanceof Date) return isoOf(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map((each) => plain(each) ?? null);
  if (typeof value !== 'object' || value === null) return value ?? undefined;
  const fields = Object.entries(value).map(([name, inner]) => [name, plain(inner)] as const);
  return Object.fromEntries(fields.filter(([, inner]) => inner !== undefined));
}

/** A date as text. A date without a time is shown without one. */
function isoOf(date: Date): string {
  const iso = date.toISOString();
  return iso.endsWith('T00:00:00.000Z') ? iso.slice(0, 10) : iso;
}
