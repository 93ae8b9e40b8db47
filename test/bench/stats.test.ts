import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ratios, spread } from '../../bench/stats.ts';

describe('a spread', () => {
  test.each([
    [[3], { median: 3, min: 3, max: 3 }],
    [[5, 1, 3], { median: 3, min: 1, max: 5 }],
    [[4, 1, 10, 3], { median: 3.5, min: 1, max: 10 }],
  ])('of %j is %j', (values, expected) => {
    expect(spread(values)).toEqual(expected);
  });

  test('has as many values below the median as above it, in any order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 9 }), (values) => {
        const { median, min, max } = spread(values);
        const below = values.filter((value) => value < median).length;
        expect(below).toBe(values.filter((value) => value > median).length);
        expect([min, max]).toEqual([Math.min(...values), Math.max(...values)]);
      }),
    );
  });

  test('of nothing is an error', () => {
    expect(() => spread([])).toThrow(RangeError);
  });
});

describe('ratios', () => {
  test('compare runs of the same turn, so that a slow turn has no effect', () => {
    expect(ratios([2, 20, 4], [1, 10, 2])).toEqual({ median: 2, min: 2, max: 2 });
  });

  test('of runs without pairs are an error', () => {
    expect(() => ratios([1], [1, 2])).toThrow(RangeError);
  });
});
