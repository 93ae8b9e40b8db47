import fc from 'fast-check';
import { expect, test } from 'vitest';
import { numberListEnd } from '../../../src/fast-path/shapes/byte-scanner.ts';

const endOf = (json: string, from = 1): number => numberListEnd(Buffer.from(json), from);

test.each([
  ['[0.1,-2e-5, 3]', 13],
  ['[NaN,1]', -1],
  ['[]', -1],
  ['["a"]', -1],
  ['[1,[2]]', -1],
  ['[1', -1],
  ['[1,', -1],
  ['[', -1],
])('the vector %s ends at %i', (json, end) => {
  expect(endOf(json)).toBe(end);
});

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

test('a list is copied exactly if it is JSON and has only numbers', () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.constantFrom('1.', '+1', '.5', '01', '-', '1e', '1e+', '1.2.3', '1e5e5', '', ' ', '1 2', '-0', '1E-7'),
  );
  const lists = fc.array(number, { maxLength: 6 }).map((all) => `[${all.join(',')}]`);
  fc.assert(
    fc.property(lists, (json) => {
      const taken = endOf(json) === json.length - 1;
      expect({ json, taken }).toEqual({ json, taken: isJson(json) && !/^\[ *\]$/.test(json) });
    }),
    { numRuns: 2_000 },
  );
});

const ODD = [
  '1.',
  '+1',
  '.5',
  '01',
  '-',
  '-01',
  '1e',
  '1e+',
  '1.2.3',
  '1e5e5',
  '1e5.5',
  '',
  ' ',
  '1 2',
  'NaN',
  '[1]',
];

test.each(ODD)('a long list with "%s" anywhere in it is not copied', (odd) => {
  for (const [before, behind] of [
    [0, 900],
    [1, 900],
    [450, 450],
    [451, 450],
    [900, 1],
    [900, 0],
    [6_000, 900],
  ] as const) {
    const numbers = [...Array<string>(before).fill('0.125'), odd, ...Array<string>(behind).fill('-2e-7')];
    expect(endOf(`[${numbers.join()}]`)).toBe(-1);
  }
});

test.each([...ODD, '-0', '0', '-0.5e-05', '10.25', '1E+7', '-12e3'])(
  'the number "%s" is read the same at any position of a list',
  (number) => {
    for (let before = 0; before < 140; before += 1) {
      const json = `${'1'.repeat(before + 1)},${number},2]`;
      const end = isJson(`[${json}`) && !number.includes('[') ? json.length - 1 : -1;
      expect({ json, end: endOf(json, 0) }).toEqual({ json, end });
    }
  },
);

test('a list is read the same at any position in memory', () => {
  const json = '[0.5,-12, 3e+10 ,0]';
  for (let before = 0; before < 8; before += 1)
    for (let behind = 0; behind < 8; behind += 1)
      expect(endOf(`${' '.repeat(before)}${json}${'}'.repeat(behind)}`, before + 1)).toBe(
        before + json.length - 1,
      );
});

test('a long list is copied exactly if JSON allows it, after any change of a byte', () => {
  const list = fc
    .array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 300, maxLength: 400 })
    .map((numbers) => `[${numbers.join(', ')}]`);
  fc.assert(
    fc.property(
      list,
      fc.nat(),
      fc.constantFrom(...'0123456789.,-+eE []N"'.split('')),
      (json, place, byte) => {
        const at = 1 + (place % (json.length - 1));
        const changed = `${json.slice(0, at)}${byte}${json.slice(at + 1)}`;
        // The fast path leaves an empty list to the rules.
        fc.pre(!changed.startsWith('[]'));
        const end = changed.indexOf(']', 1);
        const isList =
          end !== -1 &&
          isJson(changed.slice(0, end + 1)) &&
          !changed.slice(1, end).includes('[') &&
          !/["N]/.test(changed.slice(0, end));
        expect(endOf(changed)).toBe(isList ? end : -1);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('a list that is longer than a piece is read by the same rules at the end of the piece', () => {
  const pieces = 32_768;
  const separator = fc.constantFrom(',', ', ', ' ,', '  ,  ');
  const change = fc.constantFrom(...'0123456789.,-+eE ]N'.split(''), undefined);
  fc.assert(
    fc.property(
      fc.nat(40),
      separator,
      fc.integer({ min: -70, max: 70 }),
      change,
      (before, between, place, byte) => {
        const numbers = Array.from({ length: 5_000 }, (_, n) => String((n - 2_500) * 1.7e-8));
        const json = `${'1'.repeat(before + 1)}${between}${numbers.join(between)}]`;
        const at = pieces + place;
        const changed = byte === undefined ? json : `${json.slice(0, at)}${byte}${json.slice(at + 1)}`;
        const end = changed.indexOf(']');
        expect(endOf(changed, 0)).toBe(isJson(`[${changed.slice(0, end + 1)}`) ? end : -1);
      },
    ),
    { numRuns: 500 },
  );
});

test.each([',', '', '-', '.', 'e5', ']'])(
  'spaces before and behind "%s" are read by the rules of JSON, however many',
  (middle) => {
    for (let before = 0; before < 70; before += 7)
      for (let spaces = 0; spaces < 140; spaces += 3)
        for (const json of [
          `${'1'.repeat(before + 1)}${' '.repeat(spaces)}${middle}2]`,
          `${'1'.repeat(before + 1)}${middle}${' '.repeat(spaces)}2]`,
          `${'1'.repeat(before + 1)}${middle}${' '.repeat(spaces)}]`,
          `${'1'.repeat(before + 1)}${middle}${' '.repeat(spaces)},2]`,
        ]) {
          const end = json.indexOf(']');
          expect({ json, end: endOf(json, 0) }).toEqual({
            json,
            end: isJson(`[${json.slice(0, end + 1)}`) ? end : -1,
          });
        }
  },
);
