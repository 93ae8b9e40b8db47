import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { spreadsheetCell } from '../../src/tables/spreadsheet-cell.ts';

describe('a cell that a spreadsheet would take for a formula gets an apostrophe', () => {
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
    '  \r\n =1',
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
    expect(spreadsheetCell(text)).toBe(`'${text}`);
  });
});

describe('any other cell stays as it is', () => {
  test.each([
    '',
    'an answer',
    'a=b',
    'x\n=1',
    "'=1",
    '"=1"',
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
    expect(spreadsheetCell(text)).toBe(text);
  });
});

const pieces = fc.constantFrom(...Array.from('=+-@＝＋－＠\t\r\n \u00a0\u200b\'"1.eE,;a'));
const texts = fc.string({
  unit: fc.oneof(pieces, fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })),
});

test('no cell begins with a character that starts a formula, plain numbers aside', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const cell = spreadsheetCell(text);
      if (/^[=+\-@\t\r\n＝＋－＠]/.test(cell.trimStart()) || /^[\t\r\n]/.test(cell))
        expect(`${Number(cell)}`).not.toBe('NaN');
      expect([text, `'${text}`]).toContain(cell);
      expect(spreadsheetCell(cell)).toBe(cell);
    }),
    { numRuns: 2_000 },
  );
});
