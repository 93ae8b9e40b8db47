import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseRows } from '../../src/pilot/choose-rows.ts';

const sizes = fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 12 });
const rows = fc.integer({ min: 1, max: 300 });

const total = (inputs: readonly number[]): number => inputs.reduce((sum, size) => sum + size, 0);

/** Number of the input that contains a position. */
function inputOf(inputs: readonly number[], position: number): number {
  let end = 0;
  return inputs.findIndex((size) => (end += size) > position);
}

test('chooses the set number of rows, in order, each once, or all if there are not more', () => {
  fc.assert(
    fc.property(sizes, rows, (inputs, count) => {
      const chosen = chooseRows(inputs, count);
      expect(chosen).toHaveLength(Math.min(count, total(inputs)));
      expect([...new Set(chosen)].toSorted((a, b) => a - b)).toEqual(chosen);
      expect(chosen.every((position) => position >= 0 && position < total(inputs))).toBe(true);
    }),
  );
});

test('chooses a row of each input file if the pilot has enough rows', () => {
  fc.assert(
    fc.property(sizes, rows, (inputs, count) => {
      const filled = inputs.flatMap((size, n) => (size > 0 ? [n] : []));
      fc.pre(filled.length <= count);
      const chosen = new Set(chooseRows(inputs, count).map((position) => inputOf(inputs, position)));
      expect([...chosen]).toEqual(filled);
    }),
  );
});

test('leaves no gap in one file that is longer than two steps', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5_000 }), rows, (size, count) => {
      const chosen = [-1, ...chooseRows([size], count), size];
      const gaps = chosen.slice(1).map((position, n) => position - (chosen[n] ?? 0));
      expect(Math.max(...gaps)).toBeLessThanOrEqual(Math.max(1, Math.ceil((2 * size) / count)) + 1);
    }),
  );
});
