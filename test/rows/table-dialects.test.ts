import { gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TableRules } from '../../src/checkpoints/profile.ts';
import { readRows } from '../../src/rows/formats.ts';
import { readTableRow } from '../../src/rows/formats/table-reader.ts';
import { Reading } from '../../src/rows/formats/reading.ts';
import type { TableRow } from '../../src/rows/row.ts';
import { trials } from '../support/exhaustive.ts';

const CHUNK = 65_536;

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

interface Read {
  readonly rows: readonly TableRow[];
  readonly reading: Reading;
}

async function read(name: string, bytes: Buffer, table: TableRules = {}, size = CHUNK): Promise<Read> {
  const reading = new Reading();
  const rows: TableRow[] = [];
  for await (const batch of readRows(inChunks(bytes, size), { name, maxRowBytes: 100_000, reading, table }))
    rows.push(...batch.filter((row) => row.kind === 'table'));
  return { rows, reading };
}

/** Ways in which other programs write tables. The code that writes them is not the code that reads them. */
interface Dialect {
  readonly delimiter: ',' | ';' | '\t' | '|';
  readonly quotes: 'where needed' | 'always';
  readonly lineEnd: '\n' | '\r\n' | '\r';
  readonly lastLineEnd: boolean;
  /** Whether each row ends with an additional empty cell. */
  readonly trailing: boolean;
  readonly encoding:
    | 'utf-8'
    | 'utf-8 with BOM'
    | 'utf-16le'
    | 'utf-16le with BOM'
    | 'utf-16be with BOM'
    | 'windows-1252';
  readonly sepLine: boolean;
  readonly indexColumn: boolean;
}

const dialect: fc.Arbitrary<Dialect> = fc.record({
  delimiter: fc.constantFrom<Dialect['delimiter']>(',', ';', '\t', '|'),
  quotes: fc.constantFrom<Dialect['quotes']>('where needed', 'always'),
  lineEnd: fc.constantFrom<Dialect['lineEnd']>('\n', '\r\n', '\r'),
  lastLineEnd: fc.boolean(),
  trailing: fc.boolean(),
  encoding: fc.constantFrom<Dialect['encoding']>(
    'utf-8',
    'utf-8 with BOM',
    'utf-16le',
    'utf-16le with BOM',
    'utf-16be with BOM',
    'windows-1252',
  ),
  sepLine: fc.boolean(),
  indexColumn: fc.boolean(),
});

function writeTable(rows: readonly (readonly string[])[], to: Dialect): Buffer {
  const write = (cell: string): string =>
    to.quotes === 'always' || /[,;|\t"\r\n]/.test(cell) ? `"${cell.split('"').join('""')}"` : cell;
  const lines = rows.map((cells, n) =>
    [
      ...(to.indexColumn ? [n === 0 ? '' : String(n)] : []),
      ...cells.map((cell) => write(cell)),
      ...(to.trailing ? [''] : []),
    ].join(to.delimiter),
  );
  const text = [...(to.sepLine ? [`sep=${to.delimiter}`] : []), ...lines].join(to.lineEnd);
  return encode(to.lastLineEnd ? text + to.lineEnd : text, to.encoding);
}

function encode(text: string, encoding: Dialect['encoding']): Buffer {
  switch (encoding) {
    case 'utf-8':
      return Buffer.from(text);
    case 'utf-8 with BOM':
      return Buffer.from(`\ufeff${text}`);
    case 'utf-16le':
      return Buffer.from(text, 'utf16le');
    case 'utf-16le with BOM':
      return Buffer.from(`\ufeff${text}`, 'utf16le');
    case 'utf-16be with BOM':
      return Buffer.from(`\ufeff${text}`, 'utf16le').swap16();
    case 'windows-1252':
      return Buffer.from(text.replaceAll('–', '\x96').replaceAll('€', '\x80'), 'latin1');
  }
}

const cell = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.string({
      unit: fc.constantFrom('a', 'b', ' ', 'é', '–', '€', '1', ',', ';', '|'),
      maxLength: 8,
    }),
  },
  fc.string({ unit: fc.constantFrom('a', '"', '\n', '\t', '\r\n', ',', 'é'), maxLength: 6 }),
);
const HEADER = ['id', 'text', 'note'];
const content = fc.array(fc.tuple(fc.uuid(), cell, cell), { minLength: 1, maxLength: 12 });

/** The fields of a row as other readers return them, without empty ones. */
const fieldsOf = (cells: readonly string[]): object =>
  Object.fromEntries(HEADER.map((name, n) => [name, cells[n] ?? '']).filter(([, value]) => value !== ''));

test('a table in any dialect and encoding has the written rows, in chunks of any size', async () => {
  let ambiguous = 0;
  await fc.assert(
    fc.asyncProperty(
      content,
      dialect,
      fc.integer({ min: 1, max: 50 }),
      fc.boolean(),
      async (cells, to, size, packed) => {
        const bytes = writeTable([HEADER, ...cells], to);
        const table = to.encoding === 'windows-1252' ? { encoding: 'windows-1252' } : {};
        const name = `a.${to.delimiter === '\t' ? 'tsv' : 'csv'}${packed ? '.gz' : ''}`;
        const found = await read(name, packed ? gzipSync(bytes) : bytes, table, size).catch(
          (error: Error) => error.message,
        );
        if (typeof found === 'string') {
          // The file has a cell with line ends that looks like several rows.
          expect(found).toContain('are one row if quotes hold cells together');
          expect(cells.flat().some((value) => /[\r\n]/.test(value))).toBe(true);
          ambiguous += 1;
          return;
        }
        expect(found.rows.map((row) => readTableRow(row))).toMatchObject(
          cells.map((row) => ({ value: fieldsOf(row) })),
        );
        expect(found.reading.delimiter).toBe(to.delimiter);
      },
    ),
    { numRuns: 600 },
  );
  expect(ambiguous).toBeLessThan(60);
});

trials(50, 200).test('a table has the same rows as in another parser', async (numRuns) => {
  await fc.assert(
    fc.asyncProperty(content, dialect, async (cells, to) => {
      const plain: Dialect = { ...to, encoding: 'utf-8', sepLine: false, trailing: false };
      const bytes = writeTable([HEADER, ...cells], plain);
      const others = parse(bytes, {
        columns: true,
        delimiter: plain.delimiter,
        record_delimiter: ['\r\n', '\n', '\r'],
      });
      const { rows } = await read('a.csv', bytes, { quotes: true });

      expect(rows.map((row) => readTableRow(row))).toMatchObject(
        others.map((row) => ({
          value: fieldsOf(HEADER.map((name) => (row as Record<string, string>)[name] ?? '')),
        })),
      );
    }),
    { numRuns },
  );
});
