import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { csvRecord } from '../../src/tables/csv-record.ts';
import { spreadsheetCell, spreadsheetCells } from '../../src/tables/spreadsheet-cell.ts';

describe('a cell that a spreadsheet would read as a formula gets an apostrophe', () => {
  test.each([
    '=1+1',
    '=HYPERLINK("http://example.invalid","x")',
    '+cmd|x!A0',
    '-cmd|x!A0',
    '@SUM(A1)',
    '-2+3',
    '+1 555 0100',
    '- an item of a list',
    '--1',
    '-',
    '-1.',
    '-1\n',
    '-Infinity',
    '\tx',
    '\rx',
    '\nx',
    '\t1',
    ' =1',
    '\u00a0=1',
    '\u3000＝1',
    '\ufeff=1',
    '\u200b=1',
    '\u0000=1',
    '＝1',
    '＋1',
    '－1',
    '＠x',
    '﹦1',
    '﹢1',
    '﹣1',
    '﹫x',
  ])('%j', (text) => {
    expect(spreadsheetCell(text, ',')).toBe(`'${text}`);
  });
});

describe('any other cell is unchanged', () => {
  test.each([
    '',
    'an answer',
    'a=b',
    'a, =1, -b',
    '[1,-2]',
    'x\n\n1; 2; -3;4',
    'x;-1.5;2',
    'x\n-1\ny',
    'a; b: =1',
    "'=1",
    '0',
    '-1',
    '-1.5',
    '+3',
    '-0',
    '1e400',
    '-1.5E-7',
    '+12345678901234567890.10',
    ' x',
    '−1',
    '🌍',
  ])('%j', (text) => {
    expect(spreadsheetCell(text, ',')).toBe(text);
  });
});

describe('text that becomes a cell with another separator gets an apostrophe, too', () => {
  test.each([
    ['x;=1', ',', "x;'=1"],
    ['x;"=1', ',', `x;'"=1`],
    ['"=1', ',', `'"=1`],
    ['x; \u200b=1', ',', "x;' \u200b=1"],
    ['x\t=1', ',', "x\t'=1"],
    ['x|@SUM(A1)', ',', "x|'@SUM(A1)"],
    ['x\n=1', ',', "x\n'=1"],
    ['x\r\n- item', ',', "x\r\n'- item"],
    ['x,=1', ';', "x,'=1"],
    ['x,=1;=2', ';', "x,'=1;=2"],
    ['x;;;=1', ',', "x;;;'=1"],
    ['x;-1+cmd|y', ',', "x;'-1+cmd|y"],
    ['x;-1', ',', "x;'-1"],
    ['  \r\n =1', ',', "'  \r\n' =1"],
    ['\t=1', ',', "'\t'=1"],
    ['=1;=2', ',', "'=1;'=2"],
    ['\n-1\r', ',', "'\n'-1\r"],
    ['x;-1\ny', ',', "x;'-1\ny"],
    ['x\n\t-1\ty', ',', "x\n\t'-1\ty"],
  ])('%j in a file with %j', (text, delimiter, expected) => {
    expect(spreadsheetCell(text, delimiter)).toBe(expected);
  });
});

const DELIMITERS = [',', ';', '\t', '|'];
const pieces = fc.constantFrom(...Array.from('=+-@＝＋－＠\t\r\n \u00a0\u200b\'"1.eE,;|a'));
const texts = fc.string({
  unit: fc.oneof(pieces, fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })),
});

/** The cells that a program with this separator reads. Empty if the library rejects the quotes. */
function cellsOf(file: string, delimiter: string, quote: '"' | false): string[] {
  try {
    return parse(file, { delimiter, quote, relax_quotes: true, relax_column_count: true }).flat();
  } catch {
    return [];
  }
}

const isPlainNumber = (cell: string): boolean => cell.trim() !== '' && Number.isFinite(Number(cell));

test('no cell except plain numbers starts a formula, with any separator that a program expects', () => {
  fc.assert(
    fc.property(
      texts,
      texts,
      fc.constantFrom(...DELIMITERS),
      fc.constantFrom(...DELIMITERS),
      (one, other, delimiter, expected) => {
        const cells = spreadsheetCells(['q1', one, other, 'end'], delimiter);
        const file = `${csvRecord(cells, delimiter)}\r\n`;
        if (delimiter === expected) expect(cellsOf(file, expected, '"')).toEqual(cells);
        const read =
          delimiter === expected
            ? cells
            : // A program may take quotes within a cell away.
              [...cellsOf(file, expected, '"'), ...cellsOf(file, expected, false)].map((cell) =>
                cell.replaceAll('"', ''),
              );
        for (const cell of read)
          if (/^[\s\u200b]*[=+\-@＝＋－＠]/.test(cell) && !isPlainNumber(cell)) expect(cell).toBe('');
      },
    ),
    { numRuns: 3_000 },
  );
});

test.each([
  [
    ['a|', '+1', 'x'],
    ['a|', "'+1", 'x'],
  ],
  [
    ['a;', '', '-1.5'],
    ['a;', '', "'-1.5"],
  ],
  [
    ['a\n', ' ', '+1'],
    ['a\n', ' ', "'+1"],
  ],
  [
    ['a|\u{e0001}', '+1', '+2'],
    ['a|\u{e0001}', "'+1", '+2'],
  ],
  [
    ['a|b', '+1', '1'],
    ['a|b', '+1', '1'],
  ],
  [
    ['a|', '1', '+1'],
    ['a|', '1', '+1'],
  ],
])(
  'in a file with tabs, a number after %j gets an apostrophe if a program could read it as the begin of a formula',
  (texts, cells) => {
    expect(spreadsheetCells(texts, '\t')).toEqual(cells);
    expect(spreadsheetCells(texts, ';')).toEqual(texts);
  },
);

test('only apostrophes are added, and a second run adds none', () => {
  fc.assert(
    fc.property(texts, fc.constantFrom(...DELIMITERS), (text, delimiter) => {
      const cell = spreadsheetCell(text, delimiter);
      expect(cell.replaceAll("'", '')).toBe(text.replaceAll("'", ''));
      expect(spreadsheetCell(cell, delimiter)).toBe(cell);
    }),
    { numRuns: 1_000 },
  );
});

test.each(['\n', ';', ' ', '"', ';\n', '-1;', '=', '\n9'])(
  'a hundred thousand times %j is read in one pass',
  (piece) => {
    const text = `x${piece.repeat(100_000)}`;
    const startedAt = performance.now();
    spreadsheetCell(text, ',');
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  },
);
