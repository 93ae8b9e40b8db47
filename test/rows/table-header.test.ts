import { expect, test } from 'vitest';
import { Reading } from '../../src/rows/formats/reading.ts';
import { listColumns, readHeader } from '../../src/rows/formats/table-header.ts';

test.each([
  [['id', 'review'], 'Its columns: "id", "review".'],
  [['country', '2023', '2024'], 'Its columns: "country", "2023", "2024".'],
])('the names in the header %j are recognised', (columns, told) => {
  expect(listColumns(columns)).toBe(told);
});

test('an error lists at most twenty names of columns', () => {
  const told = listColumns(Array.from({ length: 21 }, (_, n) => `c${n}`));
  expect(told).toContain('"c19", ….');
  expect(told).not.toContain('c20');
});

test.each([[['1', 'My answer to them']], [['Anna', '4.5']], [['x', '-3']], [['1e3', 'y']]])(
  'the error for a table without a header does not show its first row: %j',
  (columns) => {
    expect(listColumns(columns)).toContain('put a line with the names of the columns above it');
    for (const column of columns) expect(listColumns(columns)).not.toContain(`"${column}"`);
  },
);

test.each([
  ['a byte order mark', '\ufeffreview'],
  ['a soft hyphen', 're\u00adview'],
  ['marks of direction', '\u200ereview\u200f'],
  ['an embedding of another direction', '\u202areview\u202c'],
  ['spaces of no width', '\u200bre\u2060view'],
  ['joiners at its ends', '\u200dreview\u200c'],
  ['spaces of other kinds', '\u00a0review\u202f\u2003'],
])('the name of a column is read without %s', (_what, name) => {
  const options = { name: 'a.csv', maxRowBytes: 1_000, reading: new Reading() };

  expect(readHeader([name, 'two\u00a0words', 'می\u200cخواهم'], options).header).toEqual([
    'review',
    'two words',
    'می\u200cخواهم',
  ]);
});
