import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { answerFields } from '../../src/tables/answer-fields.ts';
import { BYTE_ORDER_MARK, CsvText } from '../../src/tables/csv.ts';
import { resultsTable } from '../../src/tables/results-table.ts';
import { spreadsheetCell } from '../../src/tables/spreadsheet-cell.ts';
import type { ResultLine } from '../../src/checkpoints/result-line.ts';

type Output = NonNullable<Parameters<typeof answerFields>[0]>;

interface Written {
  readonly rows: readonly (readonly string[])[];
  readonly changed: number;
}

interface Asked {
  readonly schema?: Output['schema'];
  readonly raw?: boolean;
}

/** Writes result lines as a table and reads it with a library. The chunks end within lines. */
async function written(
  lines: readonly (ResultLine | string)[],
  { schema, raw = false }: Asked = {},
): Promise<Written> {
  const bytes = Buffer.from(
    lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join(''),
  );
  async function* chunks(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
  }
  const fields = await answerFields(schema === undefined ? undefined : { schema, retry: false }, chunks());
  const table = new CsvText({ raw, delimiter: ',', lineEnd: '\r\n' });
  const text =
    BYTE_ORDER_MARK + (await Array.fromAsync(table.records(resultsTable(chunks, fields)))).join('');
  const rows = parse(Buffer.from(text), { bom: true, record_delimiter: '\r\n' });
  return { rows, changed: table.changed };
}

const named = ({ rows: [header = [], ...rows] }: Written): Record<string, string>[] =>
  rows.map((row) => Object.fromEntries(row.map((cell, n) => [header[n], cell])));

const answer = (text: string): ResultLine => ({
  custom_id: 'q1',
  ok: true,
  text,
  finish_reason: 'stop',
  round: 1,
});
const structured = (output: string, id = 'q'): string =>
  `{"custom_id":"${id}","ok":true,"output":${output},"finish_reason":"stop","round":1}`;

const COLUMNS = [
  'custom_id',
  'ok',
  'outcome',
  'answer',
  'finish_reason',
  'error_code',
  'error_message',
  'source_file',
  'source_line',
];

test('a row has its answer or its error, and its origin', async () => {
  const table = await written([
    answer('Grüße,\r\n"Welt"; 🌍'),
    {
      custom_id: 'q2',
      ok: false,
      outcome: 'invalid_output',
      error: { code: 'NOT_JSON', message: 'because' },
      text: 'not JSON',
      finish_reason: 'length',
      retry: false,
      round: 2,
      source: { file: 'input/a.csv', line: 7 },
    },
    {
      custom_id: 'q3',
      ok: false,
      outcome: 'failed',
      error: { code: 'NO', message: '' },
      retry: false,
      round: 1,
    },
    { custom_id: 'q4', ok: true, embedding: [0.5, -1e-7], round: 1 },
    { custom_id: 'q5', ok: true, files: ['files/q5.png', 'files/q5~2.png'], round: 1 },
    { custom_id: 'q6', ok: true, text: null, refusal: 'I would rather not', round: 1 },
  ]);

  expect(table.changed).toBe(0);
  expect(table.rows).toEqual([
    COLUMNS,
    ['q1', 'true', 'ok', 'Grüße,\r\n"Welt"; 🌍', 'stop', '', '', '', ''],
    ['q2', 'false', 'invalid_output', 'not JSON', 'length', 'NOT_JSON', 'because', 'input/a.csv', '7'],
    ['q3', 'false', 'failed', '', '', 'NO', '', '', ''],
    ['q4', 'true', 'ok', '[0.5,-1e-7]', '', '', '', '', ''],
    ['q5', 'true', 'ok', 'files/q5.png, files/q5~2.png', '', '', '', '', ''],
    ['q6', 'true', 'ok', 'I would rather not', '', '', '', '', ''],
  ]);
});

describe('a structured answer', () => {
  test('has a column per field of its schema, in the order of the schema, and the digits of the results', async () => {
    const properties = { label: {}, order_id: {}, price: {}, sure: {}, tags: {}, note: {} };
    const output =
      '{"price":10.10,"order_id":12345678901234567890,"label":"good","sure":false,"tags":["a",1.0],"note":null}';

    const table = await written([structured(output), answer('no object')], { schema: { properties } });

    expect(table.rows[0]?.slice(4, 10)).toEqual(Object.keys(properties));
    expect(named(table)).toMatchObject([
      {
        answer: output,
        label: 'good',
        order_id: '12345678901234567890',
        price: '10.10',
        sure: 'false',
        tags: '["a",1.0]',
        note: '',
      },
      { answer: 'no object', label: '', price: '' },
    ]);
  });

  test('has a column, too, per field that only the first 1,000 rows have', async () => {
    const lines = Array.from({ length: 1_001 }, (_, n) => structured(`{"a":${n}}`, `q${n}`));
    lines[999] = structured('{"b":1}');
    lines[1_000] = structured('{"a":2,"late":3}', 'last');

    const table = await written(lines, { schema: { type: 'object', additionalProperties: true } });

    expect(table.rows[0]?.slice(3, 7)).toEqual(['answer', 'a', 'b', 'finish_reason']);
    expect(table.rows).toHaveLength(1_002);
    expect(named(table).at(-1)).toMatchObject({ custom_id: 'last', a: '2', answer: '{"a":2,"late":3}' });
  });

  test('shares no column with the row or with inherited properties', async () => {
    const properties = { ok: {}, 'output.ok': {}, answer: {}, constructor: {} };
    const lines = [structured('{"ok":"yes","output.ok":"no","answer":"a","__proto__":"p"}')];

    const table = await written(lines, { schema: { properties } });

    expect(new Set(table.rows[0]).size).toBe(table.rows[0]?.length);
    expect(table.rows[0]?.slice(4, 9)).toEqual([
      'output.output.ok',
      'output.ok',
      'output.answer',
      'constructor',
      '__proto__',
    ]);
    expect(table.rows[1]?.slice(4, 9)).toEqual(['yes', 'no', 'a', '', 'p']);
  });

  test.each(['[1,2.0]', '12345678901234567890', '"text"', 'true'])(
    'that is no object has no fields: %s',
    async (output) => {
      const table = await written([structured(output)]);

      expect(table.rows).toMatchObject([COLUMNS, { 3: output }]);
    },
  );

  test('that is a map of many keys does not become a table of many columns', async () => {
    const map = JSON.stringify(Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`k${n}`, n])));

    const table = await written([structured(map)]);

    expect(table.rows[0]).toHaveLength(COLUMNS.length + 1_000);
    expect(named(table)[0]).toMatchObject({ k0: '0', k999: '999', answer: map });
  });
});

test('cells and headers that would be formulas are changed and counted, unless raw is set', async () => {
  const lines = [structured('{"=field":"@SUM(A1)","n":-1.50,"text":"\\t=1"}', '=id'), answer('-2+3')];

  const safe = await written(lines);
  expect(safe.rows[0]?.[4]).toBe("'=field");
  expect(safe.rows[1]?.slice(0, 7)).toEqual([
    "'=id",
    'true',
    'ok',
    '{"=field":"@SUM(A1)","n":-1.50,"text":"\\t=1"}',
    "'@SUM(A1)",
    '-1.50',
    "'\t'=1",
  ]);
  expect(safe.rows[2]?.[3]).toBe("'-2+3");
  expect(safe.changed).toBe(5);

  const raw = await written(lines, { raw: true });
  expect(raw.rows[0]?.[4]).toBe('=field');
  expect(raw.rows[2]?.[3]).toBe('-2+3');
  expect(raw.changed).toBe(0);
});

const unit = fc.oneof(
  fc.constantFrom(...Array.from('=+-@＝－\t\r\n ",;|\'1\u2028')),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
);
const texts = fc.string({ unit, maxLength: 12 });

test('a reader gets any texts back: unchanged with raw, otherwise as safe cells', async () => {
  await fc.assert(
    fc.asyncProperty(
      texts,
      fc.array(fc.tuple(texts, texts, texts), { maxLength: 5 }),
      fc.boolean(),
      async (field, rows, raw) => {
        const lines = rows.map(([custom_id, text, file]): ResultLine => ({
          custom_id,
          ok: true,
          output: { [field]: text },
          finish_reason: text,
          round: 1,
          source: { file, line: 1 },
        }));

        const table = await written(lines, { schema: { properties: { [field]: {} } }, raw });

        const cell = (text: string): string => (raw ? text : spreadsheetCell(text, ','));
        expect(table.rows[0]?.[4]).toBe(cell(field));
        expect(table.rows.slice(1).map((row) => [row[0], row[4], row[5], row[8]])).toEqual(
          rows.map(([id, text, file]) => [id, text, text, file].map(cell)),
        );
        const began = table.rows.flat().filter((found) => /^[=+\-@\t\r\n＝－]/.test(found));
        if (!raw) expect(began.filter((found) => Number.isNaN(Number(found)))).toEqual([]);
      },
    ),
  );
});
