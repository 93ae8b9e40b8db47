import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tableOf } from '../../support/exhaustive.ts';
import { createUniqueIds } from '../../../src/rows/ids/unique-ids.ts';

describe('unique ids', () => {
  test('and duplicates are found like with a Set, for any ids', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 4 }), { maxLength: 3_000 }), (ids) => {
        const unique = createUniqueIds(0);
        const seen = new Set<string>();
        const isNew = (id: string): boolean => seen.size < seen.add(id).size;
        expect(ids.map((id) => unique.add(id))).toEqual(ids.map(isNew));
      }),
    );
  });

  tableOf([0, 1, 0xffff_ffff, 2 ** 48 - 2], 2).describe('under the seed %i', (seed) => {
    test.each([
      ['counted up', (n: number) => `row-${String(n).padStart(8, '0')}`],
      ['numbers', (n: number) => String(n)],
      ['long with a common start', (n: number) => `${'customer/'.repeat(10)}${n}`],
      ['apart in one bit', (n: number) => String.fromCharCode(n & 0xff, (n >> 8) & 0xff, n >> 16)],
    ])('that are %s share no hash among 300,000', (_, id) => {
      const unique = createUniqueIds(seed);
      let taken = 0;
      for (let n = 0; n < 300_000; n += 1) if (unique.add(id(n))) taken += 1;
      expect(taken).toBe(300_000);
    });
  });
});
