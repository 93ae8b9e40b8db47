import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRows } from '../../src/rows/formats.ts';
import { readJsonRow } from '../../src/rows/formats/json-lines.ts';
import { readTableRow } from '../../src/rows/formats/table-reader.ts';
import { Reading } from '../../src/rows/formats/reading.ts';
import type { ReadRow, Row, UnreadableRow } from '../../src/rows/row.ts';

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function read(
  name: string,
  content: string | Buffer,
  chunkBytes = 65_536,
  maxRowBytes = 10_000,
): Promise<(ReadRow | UnreadableRow)[]> {
  const rows: (ReadRow | UnreadableRow)[] = [];
  const chunks = inChunks(Buffer.from(content), chunkBytes);
  for await (const batch of readRows(chunks, { name, maxRowBytes, reading: new Reading() }))
    rows.push(...batch.map((row) => readRow(row)));
  return rows;
}

function readRow(row: Row): ReadRow | UnreadableRow {
  if (row.kind === 'json') return readJsonRow(row);
  return row.kind === 'table' ? readTableRow(row) : row;
}

const values = (rows: readonly (ReadRow | UnreadableRow)[]): unknown[] =>
  rows.map((row) => (row.kind === 'read' ? row.value : row.problem.code));

const CSV = '\ufeffid,text,note\r\n1,"Grüße, ""Welt""",\r\n2,"two\nlines 🌍",x\r\n\r\n3,last,y';
const CSV_ROWS = [
  { id: '1', text: 'Grüße, "Welt"' },
  { id: '2', text: 'two\nlines 🌍', note: 'x' },
  { id: '3', text: 'last', note: 'y' },
];

describe('an input file', () => {
  const table = [
    ['rows.jsonl', '{"a":1}\n{"a":2}', [{ a: 1 }, { a: 2 }]],
    ['rows.NDJSON', '{"a":1}', [{ a: 1 }]],
    ['rows.json', ' \n[{"a":1},{"a":"é\u2028"}]', [{ a: 1 }, { a: 'é\u2028' }]],
    ['rows.json', '\ufeff{"q":"hi"}', [{ custom_id: 'q', prompt: 'hi' }]],
    ['rows.json', '[]', []],
    ['rows.csv', CSV, CSV_ROWS],
    [
      'rows.tsv',
      CSV.replaceAll('"', '')
        .replace('two\nlines', 'two lines')
        .replaceAll(',', '\t')
        .replace('\t Welt', ', Welt'),
      [
        { id: '1', text: 'Grüße, Welt' },
        { id: '2', text: 'two lines 🌍', note: 'x' },
        { id: '3', text: 'last', note: 'y' },
      ],
    ],
    [
      'rows.txt',
      '\ufefffirst\r\n\r\nsecond, "quoted"\u2028same',
      [{ prompt: 'first' }, { prompt: 'second, "quoted"\u2028same' }],
    ],
  ] as const;

  test.each(table)('named %s with %j is read', async (name, content, expected) => {
    expect(values(await read(name, content))).toEqual(expected);
  });

  test.each(table)('named %s.gz with %j is read', async (name, content, expected) => {
    expect(values(await read(`${name}.gz`, gzipSync(content)))).toEqual(expected);
  });

  test.each(table)('named %s with %j is the same in chunks of any size', async (name, content, expected) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), async (size) => {
        expect(values(await read(name, content, size))).toEqual(expected);
        expect(values(await read(`${name}.gz`, gzipSync(content), size))).toEqual(expected);
      }),
      { numRuns: 15 },
    );
  });

  test.each([
    ['rows.csv', '{"a":1}\n', /named \.csv, but its content is JSON/],
    ['rows.csv', '[1,2]', /named \.csv, but its content is JSON/],
    ['rows.jsonl', gzipSync('{"a":1}'), /named \.jsonl, but its content is gzipped: add "\.gz"/],
    ['rows.txt', Buffer.from('ff fe 00 00 68 00 00 00'.replaceAll(' ', ''), 'hex'), /rows\.txt is UTF-32/],
    ['rows.txt', Buffer.from([1, 0, 2]), /its content is not text/],
    ['rows.csv.gz', 'id,text\n', /rows\.csv\.gz is not a complete gzip file \(Z_DATA_ERROR\)/],
    [
      'rows.csv.gz',
      gzipSync(CSV).subarray(0, 30),
      /rows\.csv\.gz is not a complete gzip file \(Z_BUF_ERROR\)/,
    ],
    ['rows.parquet', 'PAR1', /rows\.parquet is not a Parquet file/],
    ['rows.orc', 'ORC', /\.orc is not an input format/],
    ['rows.gz', gzipSync('x'), /rows\.gz: no extension is not an input format/],
    ['rows.csv', 'id,text,id\n1,2,3', /two columns named "id"/],
    [
      'rows.csv',
      'id,text\n0,a\n1,"never closed\n2,x',
      /at line 3: a quote opens a cell there and is never closed/,
    ],
    ['rows.csv', 'id,text\n1,"a"b\n', /at line 2: .* text follows the quote that closes it/],
    ['rows.csv', `id,text\n1,"${'x'.repeat(20_000)}"`, /the row is larger than a file may be/],
  ])('named %s with other content is refused: %j', async (name, content, message) => {
    const failure = await read(name, content).then(
      () => undefined,
      (error: Error) => error,
    );

    expect(failure).toMatchObject({ name: 'InvalidInput', message: expect.stringMatching(message) });
  });

  test('named .csv reports rows with a wrong number of cells, with their lines, and reads the others', async () => {
    const rows = await read('rows.csv', `id,text\n1,"a\nb"\n2\n3,x,y\n4,${'x'.repeat(5_000)}\0\n5,ok`);

    expect(values(rows)).toEqual([
      { id: '1', text: 'a\nb' },
      { id: '2' },
      'WRONG_COLUMNS',
      'INVALID_UTF8',
      { id: '5', text: 'ok' },
    ]);
    expect(rows.map(({ line }) => line)).toEqual([2, 4, 5, 6, 7]);
  });
});
