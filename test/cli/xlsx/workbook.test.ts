import { crc32, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { columnName, MAX_CELL, sheetText } from '../../../cli/xlsx/sheet-xml.ts';
import { Workbook } from '../../../cli/xlsx/workbook.ts';
import { zip } from '../../../cli/xlsx/zip.ts';
import { parseExact } from '../../../src/exact-json.ts';
import type { Table } from '../../../src/tables/table.ts';

type Source = Readonly<Record<string, unknown>>;

function tableOf(names: readonly string[], batches: readonly (readonly Source[])[]): Table<Source> {
  return {
    columns: names.map((name) => ({ name, kind: 'text', value: (row: Source) => row[name] })),
    rows: async function* () {
      for (const batch of batches) yield await Promise.resolve(batch);
    },
  };
}

/** The files of the archive, found by its central directory, with their checksums verified. */
async function unzipped(chunks: AsyncIterable<Uint8Array>): Promise<Record<string, string>> {
  const bytes = Buffer.concat(await Array.fromAsync(chunks));
  const end = bytes.length - 22;
  expect(bytes.readUInt32LE(end)).toBe(0x06054b50);
  const files: Record<string, string> = {};
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left -= 1) {
    expect(bytes.readUInt32LE(at)).toBe(0x02014b50);
    const name = bytes.toString('utf8', at + 46, at + 46 + bytes.readUInt16LE(at + 28));
    const local = bytes.readUInt32LE(at + 42);
    expect(bytes.readUInt32LE(local)).toBe(0x04034b50);
    const from = local + 30 + bytes.readUInt16LE(local + 26);
    const packed = from + bytes.readUInt32LE(at + 20);
    const content = inflateRawSync(bytes.subarray(from, packed));
    expect(content.length).toBe(bytes.readUInt32LE(at + 24));
    expect(crc32(content)).toBe(bytes.readUInt32LE(at + 16));
    expect(bytes.readUInt32LE(packed)).toBe(0x08074b50);
    files[name] = content.toString('utf8');
    at += 46 + Buffer.byteLength(name);
  }
  expect(at).toBe(end);
  return files;
}

describe('an XLSX workbook', () => {
  test('has a bold header, texts that are never formulas, numbers and booleans', async () => {
    const rows = [
      [{ a: '=1+1', b: 2.5, c: true, d: parseExact('12345678901234567890'), e: null, f: 'x<&>\ny' }],
    ];

    const files = await unzipped(new Workbook().bytes(tableOf(['a', 'b', 'c', 'd', 'e', 'f'], rows)));

    expect(Object.keys(files).toSorted()).toEqual([
      '[Content_Types].xml',
      '_rels/.rels',
      'xl/_rels/workbook.xml.rels',
      'xl/styles.xml',
      'xl/workbook.xml',
      'xl/worksheets/sheet1.xml',
    ]);
    const sheet = files['xl/worksheets/sheet1.xml'] ?? '';
    expect(sheet).toContain('<c r="A1" s="1" t="inlineStr"><is><t xml:space="preserve">a</t></is></c>');
    expect(sheet).toContain(
      '<row r="2"><c r="A2" t="inlineStr"><is><t xml:space="preserve">=1+1</t></is></c>' +
        '<c r="B2"><v>2.5</v></c><c r="C2" t="b"><v>1</v></c>' +
        '<c r="D2" t="inlineStr"><is><t xml:space="preserve">12345678901234567890</t></is></c>' +
        '<c r="F2" t="inlineStr"><is><t xml:space="preserve">x&lt;&amp;&gt;\ny</t></is></c></row>',
    );
    expect(sheet).not.toContain('<f>');
  });

  test('continues in another sheet only if one is full', async () => {
    const rows = (count: number): Source[] => Array.from({ length: count }, (_, n) => ({ a: n }));
    const sheets = async (...batches: Source[][]): Promise<number> => {
      const files = await unzipped(new Workbook(4).bytes(tableOf(['a'], batches)));
      return Object.keys(files).filter((name) => name.includes('sheet')).length;
    };

    expect(await sheets()).toBe(1);
    expect(await sheets(rows(3))).toBe(1);
    expect(await sheets(rows(2), rows(2))).toBe(2);
    expect(await sheets(rows(7))).toBe(3);
  });

  test('cuts a text that is too long for a cell, and counts it', async () => {
    const workbook = new Workbook();
    const files = await unzipped(
      workbook.bytes(tableOf(['a'], [[{ a: 'x'.repeat(MAX_CELL) }, { a: 'y'.repeat(MAX_CELL + 1) }]])),
    );

    expect(workbook.cut).toBe(1);
    expect(files['xl/worksheets/sheet1.xml']).toContain(`>${'y'.repeat(MAX_CELL)}<`);
  });

  test('fails with the error of its rows', async () => {
    const table: Table<Source> = {
      ...tableOf(['a'], []),
      rows: async function* () {
        yield await Promise.resolve([{ a: 1 }]);
        throw new Error('gone');
      },
    };

    await expect(Array.fromAsync(new Workbook().bytes(table))).rejects.toThrow('gone');
  });
});

/** Decodes text as spreadsheet programs do. */
function readAgain(xml: string): string {
  return xml
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replaceAll(/_x([0-9A-F]{4})_/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

test('any text is written as XML that reads back as the same text', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('_x000D_', '_x', '\r\n', '\0', '\u001b[2J', '&lt;', ']]>', '\ufffe', '_x005F_'),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
      const text = pieces.join('');
      const xml = sheetText(text);

      expect(xml).not.toMatch(/(?![\t\n])\p{Cc}|[\ufffe\uffff]|<|>|&(?!(?:lt|gt|amp);)/u);
      expect(readAgain(xml)).toBe(text.toWellFormed());
    }),
  );
});

test('columns have the names of spreadsheets', () => {
  expect([0, 25, 26, 51, 52, 701, 702, 16_383].map(columnName)).toEqual([
    'A',
    'Z',
    'AA',
    'AZ',
    'BA',
    'ZZ',
    'AAA',
    'XFD',
  ]);
});

test('an archive has its complete files, in any number of pieces', async () => {
  const contents = { 'a.txt': [], 'ü/b.txt': ['x', '', 'yz'.repeat(100_000)], 'c.txt': ['🌍'] };

  const files = await unzipped(
    zip(
      (async function* () {
        for (const [name, chunks] of Object.entries(contents)) yield await Promise.resolve({ name, chunks });
      })(),
    ),
  );

  expect(files).toEqual(
    Object.fromEntries(Object.entries(contents).map(([name, chunks]) => [name, chunks.join('')])),
  );
});
