import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JobIds } from '../../../src/rows/ids/job-ids.ts';
import { createUniqueIds } from '../../../src/rows/ids/unique-ids.ts';

const LENGTH = 64;

type File = readonly [key: string, ids: readonly string[]];

/** The ids that the rows of some files get. */
function takeAll(files: readonly File[], length = LENGTH): (string | undefined)[][] {
  const inputs = files.map(([key]) => ({ key }));
  const ids = new JobIds(createUniqueIds(1), inputs, length);
  return files.map(([, given], n) => {
    ids.startFile(inputs[n] ?? { key: '' });
    return given.map((id) => ids.take(id));
  });
}

describe('the ids of a job of several files', () => {
  test('are those of the rows, if no other file has them', () => {
    expect(
      takeAll([
        ['a.csv', ['1', '2']],
        ['b.csv', ['3']],
      ]),
    ).toEqual([['1', '2'], ['3']]);
  });

  test('have the name of their file before them, if an earlier file has them', () => {
    expect(
      takeAll([
        ['staged/january.csv', ['1', '2']],
        ['staged/february 2026.csv.gz', ['2', '3', '1']],
      ]),
    ).toEqual([
      ['1', '2'],
      ['february_2026-2', '3', 'february_2026-1'],
    ]);
  });

  test('are duplicates within one file, also if an earlier file has them', () => {
    expect(
      takeAll([
        ['a.csv', ['1', '1']],
        ['b.csv', ['1', '1', '2', '2']],
      ]),
    ).toEqual([
      ['1', undefined],
      ['b-1', undefined, '2', undefined],
    ]);
  });

  test('are duplicates in a file that is named twice: none of its rows is paid for twice', () => {
    const rows: File = ['b.csv', ['1', '2']];
    expect(takeAll([['a.csv', ['1']], rows, rows]).at(-1)).toEqual([undefined, undefined]);
  });

  test('have the position of their file before them, if files share a name', () => {
    expect(
      takeAll([
        ['mon/x.csv', ['1']],
        ['tue/x.csv', ['1']],
        ['wed/x.csv', ['1']],
      ]),
    ).toEqual([['1'], ['x-1'], ['x_3-1']]);
  });

  test('get a further number if other rows already have the ids with the name of the file', () => {
    expect(
      takeAll([
        ['x/a.csv', ['1', 'a-1', 'a_2-1']],
        ['y/a.csv', ['file_2-1', 'file_2_2-1', '1']],
      ]).at(-1),
    ).toEqual(['file_2-1', 'file_2_2-1', 'file_2_3-1']);
  });

  test('are duplicates if the longer id is not allowed', () => {
    const [, second] = takeAll(
      [
        ['a.csv', ['123456']],
        ['b.csv', ['123456']],
      ],
      7,
    );
    expect(second).toEqual([undefined]);
  });

  test('are all different, and only duplicates within a file are refused', () => {
    const id = fc.oneof(
      fc.constantFrom('1', '2', 'a-1', 'a_2-1', 'file_2-1', 'file_2_2-1', 'b-1'),
      fc.string({ minLength: 1, maxLength: 3 }),
    );
    const file = fc.tuple(fc.constantFrom('a.csv', 'x/a.csv', 'b', 'ü.txt', '.csv'), fc.array(id));
    fc.assert(
      fc.property(fc.array(file, { maxLength: 4 }), (given) => {
        const files = given.map(([key, ids], n): File => [
          `${n}/${key}`,
          ids.filter((each) => !/\p{Cc}/u.test(each)),
        ]);
        const taken = takeAll(files);
        const all = taken.flat().filter((each) => each !== undefined);
        expect(new Set(all).size).toBe(all.length);
        for (const [n, [, ids]] of files.entries())
          for (const [at, each] of ids.entries())
            expect(taken[n]?.[at] === undefined).toBe(ids.indexOf(each) < at);
      }),
    );
  });
});
