import fc from 'fast-check';
import { expect, test } from 'vitest';
import { counted, grouped } from '../../src/text/counted.ts';

const english = new Intl.NumberFormat('en-US');

test('formats every number as English does, with at most three decimals', () => {
  const whole = fc.maxSafeInteger();
  const thousandths = fc.integer({ min: -10_000_000, max: 10_000_000 }).map((n) => n / 1_000);
  fc.assert(
    fc.property(fc.oneof(whole, fc.integer(), thousandths), (value) => {
      expect(grouped(value)).toBe(english.format(value === 0 ? 0 : value));
    }),
  );
});

test.each([
  [1 / 3, '0.333'],
  [1_234.56789, '1,234.568'],
  [Number.NaN, 'NaN'],
])('formats %d as %s', (value, shown) => {
  expect(grouped(value)).toBe(shown);
});

test('a number with its noun has the plural for every number but 1', () => {
  expect([0, 1, 1_000].map((n) => counted(n, 'batch'))).toEqual(['0 batches', '1 batch', '1,000 batches']);
});
