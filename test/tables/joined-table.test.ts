import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resolveProfile } from '../../src/config/resolve-profile.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import type { NotOkLine, ResultLine } from '../../src/checkpoints/result-line.ts';
import { CsvText, PLAIN_CSV } from '../../src/tables/csv.ts';
import { joinedTable, type JoinedTable } from '../../src/tables/joined-table.ts';
import { jsonRows } from '../../src/tables/json-table.ts';
import { parquetBytes } from '../../src/tables/parquet.ts';
import { openStore } from '../requests/store.ts';
import { openTempFolder } from '../support/temp-folder.ts';

const PROFILE = resolveProfile({ profiles: { default: { model: 'm' } } }, 'default');

const answered = (text: string, id = 'r'): ResultLine => ({ custom_id: id, ok: true, text, round: 1 });
const failed = (code: string, message: string): NotOkLine => ({
  custom_id: 'x',
  ok: false,
  outcome: 'failed',
  error: { code, message },
  retry: false,
  round: 1,
});

type Lines = readonly (ResultLine | string)[];

/** The table of a job with these files and these result lines. */
async function joined(files: Readonly<Record<string, string>>, lines: Lines): Promise<JoinedTable> {
  const store = await openStore();
  for (const [key, text] of Object.entries(files)) await store.put(key, text);
  const inputs = Object.keys(files).map((key) => ({ key }));
  const job: Job = { jobId: 'job-1', inputs, profile: PROFILE, createdAt: '2026-01-01T00:00:00.000Z' };
  const text = lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
  return joinedTable(store, job, async function* () {
    yield await Promise.resolve(Buffer.from(text));
  });
}

async function asCsv(table: JoinedTable): Promise<string[][]> {
  const csv = new CsvText(PLAIN_CSV);
  return parse((await Array.fromAsync(csv.records(table))).join(''), { record_delimiter: '\r\n' });
}

async function asParquet(table: JoinedTable): Promise<Record<string, unknown>[]> {
  const folder = await openTempFolder();
  const path = join(folder, 'a.parquet');
  await writeFile(path, parquetBytes(table));
  return parquetReadObjects({ file: await asyncBufferFromFile(path) });
}

describe('a table of the input and its answers', () => {
  test("has the input's columns in their order, also empty ones, then ok, the answer and the error", async () => {
    const table = await joined({ 'input/a.csv': 'id,review,empty,stars\n1,"good, very",,5\n2,bad,,\n' }, [
      answered('positive'),
      failed('NO', 'because'),
    ]);

    expect(await asCsv(table)).toEqual([
      ['id', 'review', 'empty', 'stars', 'ok', 'answer', 'error'],
      ['1', 'good, very', '', '5', 'true', 'positive', ''],
      ['2', 'bad', '', '', 'false', '', 'NO: because'],
    ]);
  });

  test('has a column per field of structured answers, under unique names', async () => {
    const output = '{"label":"good","score":0.5,"sure":true,"OK":1}';
    const table = await joined({ 'input/a.csv': 'id,label,Answer\n1,expected,mine\n' }, [
      `{"custom_id":"1","ok":true,"output":${output},"round":1}`,
    ]);

    expect(await asCsv(table)).toEqual([
      ['id', 'label', 'Answer', 'ok', 'result.answer', 'output.label', 'score', 'sure', 'output.OK', 'error'],
      ['1', 'expected', 'mine', 'true', output, 'good', '0.5', 'true', '1', ''],
    ]);
  });

  test('has all fields of JSON rows, however late one comes, and keeps their digits', async () => {
    const rows = Array.from({ length: 2_000 }, (_, n) => `{"prompt":"p${n}"}`);
    rows.push('{"prompt":"last","n":12345678901234567890,"tags":["a",1.0]}');
    const table = await joined(
      { 'input/a.jsonl': `${rows.join('\n')}\n` },
      rows.map((_, n) => answered(`a${n}`)),
    );

    const lines = await asCsv(table);

    expect(lines[0]).toEqual(['prompt', 'n', 'tags', 'ok', 'answer', 'error']);
    expect(lines.at(-1)).toEqual(['last', '12345678901234567890', '["a",1.0]', 'true', 'a2000', '']);
    expect(lines).toHaveLength(2_002);
  });

  test('names the file of each row in a job of several files, and has the columns of all files', async () => {
    const source = (file: string, line: number): ResultLine => ({
      ...answered('x'),
      source: { file, line },
    });
    const table = await joined({ 'input/a.csv': 'id,p\n1,x\n', 'input/b.csv': 'id,q\n1,y\n' }, [
      source('input/a.csv', 2),
      source('input/b.csv', 2),
    ]);

    expect(await asCsv(table)).toEqual([
      ['id', 'p', 'q', 'ok', 'answer', 'error', 'source_file', 'source_line'],
      ['1', 'x', '', 'true', 'x', '', 'input/a.csv', '2'],
      ['1', '', 'y', 'true', 'x', '', 'input/b.csv', '2'],
    ]);
  });

  test('has a row for each unreadable row, with its readable parts', async () => {
    const table = await joined({ 'input/a.jsonl': '{"id":"a","prompt":"p"}\n{"id":"b","prompt":\n7\n' }, [
      answered('x'),
      failed('INVALID_JSON', 'no'),
      failed('NOT_AN_OBJECT', 'no'),
    ]);

    expect((await asCsv(table)).slice(1)).toEqual([
      ['a', 'p', 'true', 'x', ''],
      ['b', '', 'false', '', 'INVALID_JSON: no'],
      ['', '', 'false', '', 'NOT_AN_OBJECT: no'],
    ]);
  });

  test('is safe in a spreadsheet', async () => {
    const table = await joined({ 'input/a.csv': 'id,=x\n1,=1+1\n' }, [answered('@sum')]);

    expect(await asCsv(table)).toEqual([
      ['id', "'=x", 'ok', 'answer', 'error'],
      ['1', "'=1+1", 'true', "'@sum", ''],
    ]);
  });

  test('is JSON with unchanged values', async () => {
    const table = await joined({ 'input/a.jsonl': '{"prompt":"p","n":1.50,"o":{"a":1}}\n' }, [
      '{"custom_id":"1","ok":true,"output":{"label":"good","n":2.50},"round":1}',
    ]);

    expect((await Array.fromAsync(jsonRows(table))).join('')).toBe(
      '{"prompt":"p","n":1.50,"o":{"a":1},"ok":true,"answer":"{\\"label\\":\\"good\\",\\"n\\":2.50}","label":"good","output.n":2.50,"error":null}\n',
    );
  });

  test('has typed columns in Parquet, and text if a double would lose digits', async () => {
    const table = await joined(
      { 'input/a.jsonl': '{"n":1,"big":1}\n{"n":2.50,"big":12345678901234567890}\n' },
      [
        '{"custom_id":"1","ok":true,"output":{"score":1,"sure":true,"mixed":1},"round":1}',
        '{"custom_id":"2","ok":true,"output":{"score":0.5,"sure":false,"mixed":"a"},"round":1}',
      ],
    );

    expect(await asParquet(table)).toMatchObject([
      { n: 1, big: '1', ok: true, score: 1, sure: true, mixed: '1' },
      { n: 2.5, big: '12345678901234567890', ok: true, score: 0.5, sure: false, mixed: 'a' },
    ]);
  });

  test.each([
    ['fewer', 'id,p\n1,x\n'],
    ['more', 'id,p\n1,x\n2,y\n3,z\n'],
  ])('is refused if the input has %s rows than the results', async (how, text) => {
    const table = joined({ 'input/a.csv': text }, [answered('a'), answered('b')]);

    await expect(table).rejects.toThrow(`has ${how} rows than its results`);
  });

  test('has each answer in the record of its row, in chunks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 0, max: 2_000 }),
        async (n, pad) => {
          const ids = Array.from({ length: n }, (_, i) => `id${i}`);
          const table = await joined(
            { 'input/a.csv': `id,prompt\n${ids.map((id) => `${id},${'x'.repeat(pad)}`).join('\n')}\n` },
            ids.map((id) => answered(`answer of ${id}`)),
          );

          const [, ...rows] = await asCsv(table);

          expect(rows.map(([id, , , answer]) => [id, answer])).toEqual(
            ids.map((id) => [id, `answer of ${id}`]),
          );
        },
      ),
      { numRuns: 15 },
    );
  });
});
