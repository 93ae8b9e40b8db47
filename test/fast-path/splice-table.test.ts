import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TableSplicer } from '../../src/fast-path/splice-table.ts';
import { readRows } from '../../src/rows/formats.ts';
import { readCsv } from '../../src/rows/formats/csv.ts';
import { Reading } from '../../src/rows/formats/reading.ts';
import { readTableRow } from '../../src/rows/formats/table-reader.ts';
import { toRequestLine, type RequestRules } from '../../src/rows/request-line.ts';
import type { TableRow } from '../../src/rows/row.ts';
import { compileTemplate } from '../../src/rows/template.ts';

async function* inChunks(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  for (const [n, from] of [0, ...at].entries()) yield bytes.subarray(from, at[n] ?? bytes.length);
}

const cuts = fc.array(fc.nat({ max: 200 }));

const RULES: readonly RequestRules[] = [
  { endpoint: '/v1/chat/completions', model: 'm', body: { max_tokens: 64 } },
  {
    endpoint: '/v1/chat/completions',
    model: 'm',
    body: {},
    prompt: compileTemplate('{{q}} of {{ p }}'),
    system: compileTemplate('{{q}}'),
  },
];
const plain = fc.string({ unit: fc.constantFrom('a', 'b', '"', '\\', '\n', ' ', 'é', '猫', '\t') });
const odd = fc.string({ unit: fc.constantFrom('a', ' ', '\u2028', '\ufffd', '\ufeff', '\u3000', '\u0001') });
const cell = fc.oneof({ weight: 9, arbitrary: plain }, odd);
const table = fc.array(fc.tuple(cell, cell, cell), { maxLength: 10 });

test.each(RULES)('a spliced row becomes the same request line as on the slow path', async (rules) => {
  const header = fc.constantFrom(
    ['id', 'prompt', 'note'],
    ['p', 'q', 'model'],
    ['q', 'custom_id', 'p'],
    ['prompt', 'system', 'p'],
  );
  let spliced = 0;
  await fc.assert(
    fc.asyncProperty(header, table, cuts, async (columns, cells, where) => {
      const text = [columns, ...cells].map((row) =>
        row.map((value) => `"${value.replaceAll('"', '""')}"`).join(),
      );
      const splicer = new TableSplicer(rules);
      let ordinal = 0;
      const chunks = inChunks(Buffer.from(text.join('\n')), where);
      for await (const batch of readCsv(chunks, {
        name: 'a.csv',
        maxRowBytes: 10_000,
        reading: new Reading(),
      })) {
        for (const row of batch) {
          ordinal += 1;
          const made = row.kind === 'table' ? splicer.make(row, ordinal) : undefined;
          const read = row.kind === 'table' ? readTableRow(row) : undefined;
          if (made === undefined) continue;
          if (read === undefined || !('value' in read)) throw new Error('It cannot be read.');
          const { line, ...rest } = made;
          expect({ ...rest, text: line.toString('utf8') }).toEqual(
            toRequestLine({ value: read.value, ordinal, data: true }, rules),
          );
          spliced += 1;
        }
      }
    }),
    { numRuns: 500 },
  );
  expect(spliced).toBeGreaterThan(100);
});

async function tableRows(text: string, table: { readonly quotes?: boolean }): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  const options = { name: 'a.csv', maxRowBytes: 100_000, reading: new Reading(), table };
  for await (const batch of readRows(inChunks(Buffer.from(text), []), options))
    rows.push(...batch.filter((row) => row.kind === 'table'));
  return rows;
}

test('a spliced row of any dialect becomes the same request line as on the slow path', async () => {
  const rules = {
    endpoint: '/v1/chat/completions',
    model: 'm',
    body: {},
    prompt: compileTemplate('{{text}} {{note}}'),
    id: 'id',
  };
  let spliced = 0;
  const unit = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'é', ' ') },
    fc.constantFrom('"', ';', '\u2028', '\ufffd', '\\'),
  );
  const loose = fc.array(fc.string({ unit, minLength: 1, maxLength: 6 }), { minLength: 3, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.array(loose, { maxLength: 10 }), fc.boolean(), async (lines, quotes) => {
      const text = ['id,,text,note', ...lines.map((cells) => cells.join(','))].join('\n');
      const found = await tableRows(text, quotes ? {} : { quotes: false }).catch(() => []);
      const splicer = new TableSplicer(rules);
      for (const [n, row] of found.entries()) {
        const made = splicer.make(row, n + 1);
        if (made === undefined) continue;
        const long = readTableRow(row);
        const value = 'value' in long ? long.value : undefined;
        expect(toRequestLine({ value, ordinal: n + 1, data: true }, rules)).toMatchObject({
          customId: made.customId,
          text: made.line.toString('utf8'),
        });
        spliced += 1;
      }
    }),
    { numRuns: 800 },
  );
  expect(spliced).toBeGreaterThan(100);
});
