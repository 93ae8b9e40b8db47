import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { expect, test } from 'vitest';
import { writeParquet } from '../../cli/parquet.ts';
import type { ResultLine } from '../../src/checkpoints/result-line.ts';
import { openTempFolder } from '../support/temp-folder.ts';

async function* bytesOf(lines: readonly string[]): AsyncGenerator<Buffer> {
  for (const line of lines) yield Buffer.from(`${line}\n`);
}

const roundTrip = (lines: readonly ResultLine[]): Promise<Record<string, unknown>[]> =>
  tableOf(lines.map((line) => JSON.stringify(line)));

async function tableOf(lines: readonly string[]): Promise<Record<string, unknown>[]> {
  const folder = await openTempFolder();
  const path = join(folder, 'results.parquet');
  await writeParquet(path, () => bytesOf(lines));
  expect(await readdir(folder)).toEqual(['results.parquet']);
  return parquetReadObjects({ file: await asyncBufferFromFile(path) });
}

const CHAT: ResultLine = {
  custom_id: 'q1',
  ok: true,
  text: 'Grüße,\n"Welt" 🌍',
  finish_reason: 'stop',
  model: 'm',
  usage: { prompt_tokens: 3, completion_tokens: 4 },
  round: 1,
};
const DEAD: ResultLine = {
  custom_id: 'q2',
  ok: false,
  outcome: 'failed',
  error: { code: 'NO', message: 'because' },
  retry: false,
  round: 2,
  source: { file: 'input/a.csv', line: 7 },
};
const VECTOR: ResultLine = { custom_id: 'q3', ok: true, embedding: [0.5, -1e-7], round: 1 };

test('a results file is a table with a row per line, in its order', async () => {
  const rows = await roundTrip([CHAT, DEAD, VECTOR]);

  expect(rows).toHaveLength(3);
  expect(rows[0]).toMatchObject({
    custom_id: 'q1',
    ok: true,
    text: 'Grüße,\n"Welt" 🌍',
    finish_reason: 'stop',
    prompt_tokens: 3,
    completion_tokens: 4,
    outcome: 'ok',
    round: 1,
  });
  expect(rows[1]).toMatchObject({
    custom_id: 'q2',
    ok: false,
    outcome: 'failed',
    error_code: 'NO',
    error_message: 'because',
    retry: false,
    source_file: 'input/a.csv',
    source_line: 7,
  });
  expect(JSON.parse(String(rows[2]?.['embedding']))).toEqual([0.5, -1e-7]);
});

test('may have more rows than one row group, and columns that are empty at first', async () => {
  const lines = Array.from({ length: 12_001 }, (_, n): ResultLine =>
    n < 11_000 ? { ...CHAT, custom_id: `q${n}` } : { ...DEAD, custom_id: `q${n}` },
  );
  const rows = await roundTrip(lines);

  expect(rows.map(({ custom_id }) => custom_id)).toEqual(lines.map(({ custom_id }) => custom_id));
  expect(rows.at(-1)).toMatchObject({ error_code: 'NO', source_line: 7 });
});

test('JSON columns keep the digits of the results, and counts are numbers in any notation', async () => {
  const line =
    '{"custom_id":"q4","ok":true,"output":{"order_id":1234567890123456789,"price":10.10},"usage":{"prompt_tokens":3.0,"completion_tokens":4},"body":{"n":1E5},"round":1}';

  const [row] = await tableOf([line]);

  expect(row).toMatchObject({
    output: '{"order_id":1234567890123456789,"price":10.10}',
    body: '{"n":1E5}',
    prompt_tokens: 3,
    completion_tokens: 4,
  });
});
