import fc from 'fast-check';
import { expect, test } from 'vitest';
import { numberListEnd } from '../../../src/fast-path/shapes/number-list.ts';

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
  ] as const) {
    const numbers = [...Array<string>(before).fill('0.125'), odd, ...Array<string>(behind).fill('-2e-7')];
    expect(endOf(`[${numbers.join()}]`)).toBe(-1);
  }
});

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
