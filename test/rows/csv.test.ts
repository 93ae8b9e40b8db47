import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readCsv } from '../../src/rows/formats/csv.ts';
import { readTableRow } from '../../src/rows/formats/table-reader.ts';
import { Reading } from '../../src/rows/formats/reading.ts';
import type { ReadRow, UnreadableRow } from '../../src/rows/row.ts';

async function* inChunks(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
  for (const [n, from] of [0, ...at].entries()) yield bytes.subarray(from, at[n] ?? bytes.length);
}

async function read(text: string, cuts: readonly number[]): Promise<(ReadRow | UnreadableRow)[] | string> {
  const rows: (ReadRow | UnreadableRow)[] = [];
  const chunks = inChunks(Buffer.from(text), cuts);
  try {
    for await (const batch of readCsv(chunks, { name: 'a.csv', maxRowBytes: 120, reading: new Reading() }))
      rows.push(...batch.map((row) => (row.kind === 'table' ? readTableRow(row) : (row as UnreadableRow))));
    return rows;
  } catch (error) {
    return (error as Error).message;
  }
}

interface Parsed {
  readonly record: readonly string[];
  readonly info: { readonly lines: number; readonly empty_lines: number };
}

/** Cells that another parser reads. Undefined if it rejects the text. */
function parsed(text: string, isRelaxed: boolean): (readonly string[])[] | undefined {
  try {
    const records = parse(text, {
      info: true,
      max_record_size: 120,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      relax_quotes: isRelaxed,
      skip_empty_lines: true,
    }) as unknown as Parsed[];
    return records.map(({ record }) => record).filter((cells) => cells.some((cell) => cell.trim() !== ''));
  } catch {
    return undefined;
  }
}

const piece = fc.constantFrom(
  'a',
  'é',
  '🌍',
  '"',
  '""',
  ',',
  ',',
  '\n',
  '\r\n',
  '\r',
  ' ',
  '"x"',
  '"y\nz"',
  '1',
);
const rest = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
const cuts = fc.array(fc.nat({ max: 200 }));

test('a table is split into the same records as by another parser, in chunks of any size', async () => {
  let [readable, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(rest, cuts, async (text, where) => {
      const rows = await read(`p,q\n${text}`, where);
      expect(await read(`p,q\n${text}`, [])).toEqual(rows);
      const strict = parsed(`p,q\n${text}`, false);
      if (typeof rows === 'string') {
        if (!rows.includes('are one row if quotes hold cells together')) expect(strict).toBeUndefined();
        refused += 1;
        return;
      }
      // A quote within a cell without quotes is a character for our parser. The other parser agrees if it is lenient.
      const expected = strict ?? parsed(`p,q\n${text}`, true);
      expect(rows.map(cellsOf)).toEqual(expected?.slice(1).map((cells) => shown(cells)));
      readable += 1;
    }),
    { numRuns: 1_500 },
  );
  expect(Math.min(readable, refused)).toBeGreaterThan(100);
});

/** Makes a row comparable with its cells: fields for two columns, without empty ones, and the text of a row with more cells. */
const cellsOf = (row: ReadRow | UnreadableRow): unknown =>
  row.kind === 'read' ? row.value : 'raw' in row ? row.raw : undefined;
const shown = (cells: readonly string[]): unknown =>
  cells.slice(2).every((cell) => cell.trim() === '')
    ? { ...((cells[0] ?? '') !== '' && { p: cells[0] }), ...((cells[1] ?? '') !== '' && { q: cells[1] }) }
    : cells.join(',');

test('rows have the number of their first line, counting blank lines and line ends inside quotes', async () => {
  const text = 'p,q\r\n\r\n1,"a\nb\r\nc"\n\n\n2,x\r3,y';
  for (const end of ['', '\n4,"odd"x']) {
    const rows = await read(`${text}\n4,z\n${end}`, []);
    if (typeof rows === 'string') expect(rows).toContain('at line 12');
    else expect(rows.map(({ line }) => line)).toEqual([3, 8, 9, 10]);
  }
});
