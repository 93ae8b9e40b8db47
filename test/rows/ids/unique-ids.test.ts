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

  test('that ascend are found again once one of them comes out of order, and in another call', async () => {
    const idOf = (n: number): string => `row-${String(n).padStart(8, '0')}`;
    const count = 140_000;
    const unique = createUniqueIds(7);
    for (let n = 0; n < count; n += 1) expect(unique.add(idOf(2 * n))).toBe(true);

    const [first, last] = [idOf(0), idOf(2 * count - 2)];
    expect([unique.add(last), unique.add(first), unique.add(idOf(1)), unique.add(idOf(1))]).toEqual([
      false,
      false,
      true,
      false,
    ]);

    const next = createUniqueIds(7);
    await next.load(chunksOf(unique.dump()));
    for (let n = 0; n < count; n += 1) expect(next.add(idOf(2 * n))).toBe(false);
    expect(next.add(idOf(2 * count))).toBe(true);
  });

  test('that ascend without an end are too many in the end', () => {
    const unique = createUniqueIds(0, 2);
    unique.add('a');
    unique.add('b');

    expect(() => unique.add('c')).toThrow('more than 2 ids');
  });

  test('that ascend are dumped and loaded', async () => {
    const unique = createUniqueIds(3);
    for (const id of ['a', 'b', 'c']) unique.add(id);

    const next = createUniqueIds(3);
    await next.load(chunksOf(unique.dump()));

    expect(['d', 'c', 'b', 'a'].map((id) => next.add(id))).toEqual([true, false, false, false]);
    expect(['d', 'c', 'b', 'a'].map((id) => unique.add(id))).toEqual([true, false, false, false]);
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

async function* chunksOf(dump: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (const chunk of dump) yield Buffer.from(chunk);
}
