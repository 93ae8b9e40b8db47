import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, test } from 'vitest';
import { readParquet } from '../../src/rows/formats/parquet.ts';
import { Reading } from '../../src/rows/formats/reading.ts';
import type { ReadRow } from '../../src/rows/row.ts';

const GROUP = 10;
const prompts = Array.from({ length: 3 * GROUP }, (_, n) => `prompt ${n}`);
const file = Buffer.from(
  parquetWriteBuffer({ columnData: [{ name: 'prompt', data: prompts }], rowGroupSize: GROUP }),
);

/** The file with a damaged first row group. */
function damaged(): Buffer {
  const bytes = Buffer.from(file);
  bytes.fill(0xff, 4, bytes.indexOf('prompt 9') + 8);
  return bytes;
}

async function read(bytes: Buffer, skip?: number): Promise<readonly (readonly [number, unknown])[]> {
  const chunks = async function* (): AsyncGenerator<Buffer> {
    yield bytes;
  };
  const options = { name: 'rows.parquet', maxRowBytes: 1_000, reading: new Reading(), skip };
  const rows: ReadRow[] = [];
  for await (const batch of readParquet(chunks(), options)) rows.push(...batch);
  return rows.map(({ line, value }) => [line, (value as { readonly prompt: unknown }).prompt]);
}

test.each([0, 1, 9, 10, 11, 25, 29, 30])(
  'a Parquet file from row %i on has the same rows as the whole file',
  async (skip) => {
    expect(await read(file, skip)).toEqual((await read(file)).slice(skip));
  },
);

test('a Parquet file is continued at a row without reading the row groups before it', async () => {
  await expect(read(damaged())).rejects.toThrow('rows.parquet is not a Parquet file that can be read');

  expect(await read(damaged(), GROUP + 3)).toEqual((await read(file)).slice(GROUP + 3));
});
