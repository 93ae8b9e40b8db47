import { describe, expect, test } from 'vitest';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { fileName, ResultFiles } from '../../../../src/collect/round/writing/result-files.ts';
import { createFolderStore } from '../../../../src/store/folder-store.ts';
import { openTempFolder } from '../../../support/temp-folder.ts';

const PNG = { extension: 'png', bytes: Buffer.alloc(300_000) };

describe('the files of answers', () => {
  test('are all stored after the last one has settled, under the returned names', async () => {
    const folder = await openTempFolder();
    const files = new ResultFiles(createFolderStore(folder), 'job');
    const names: string[] = [];
    for (let n = 0; n < 300; n += 1) names.push(...(await files.add(`q${n}`, [PNG, PNG])));
    await files.settle();

    expect(names.slice(0, 3)).toEqual(['files/q0.png', 'files/q0~2.png', 'files/q1.png']);
    const there = await readdir(join(folder, 'output/job/files'));
    expect(there.toSorted()).toEqual(names.map((name) => name.slice('files/'.length)).toSorted());
  });

  test('that cannot be written fail the round', async () => {
    const store = createFolderStore(await openTempFolder());
    const files = new ResultFiles(
      Object.assign(store, { put: () => Promise.reject(new Error('The disk is full.')) }),
      'job',
    );
    await files.add('q1', [PNG]);

    await expect(files.settle()).rejects.toThrow('The disk is full.');
    await expect(files.add('q2', [PNG])).rejects.toThrow('The disk is full.');
  });

  test.each([
    'con',
    'NUL',
    'aux.b',
    'com1',
    'LPT9',
    '-rf',
    '--',
    '.hidden',
    '..',
    '.',
    'a.',
    'a ',
    ' ',
    'é',
    '\u202e',
  ])('of the row %j have a name that is valid on every system', (id) => {
    expect(fileName(id, 0, 'png')).toMatch(/^[a-z0-9_][a-z0-9_-]*~[0-9a-f]{16}\.png$/);
  });

  test('have names that are safe on any disk, and no two rows the same', () => {
    expect(fileName('q-1.b', 0, 'png')).toBe('q-1.b.png');
    expect(fileName('../../etc/passwd', 0, 'png')).toMatch(/^etc-passwd~[0-9a-f]{16}\.png$/);
    expect(fileName('Q1', 0, 'png').toLowerCase()).not.toBe(fileName('q1', 0, 'png'));
    const id = fc.oneof(
      fc.string({ minLength: 1 }),
      fc.string({ minLength: 1, unit: fc.constantFrom('a', 'A', '.', '~', '2', '-') }),
      fc.constantFrom('con', 'CON', 'nul', 'aux', 'prn', 'com1', 'lpt9', 'nul.txt', 'com1.a.b'),
    );
    fc.assert(
      fc.property(id, id, fc.nat(3), fc.nat(3), (a, b, m, n) => {
        const [one, other] = [fileName(a, m, 'x'), fileName(b, n, 'x')];
        expect(one).toMatch(/^[a-z0-9_][a-z0-9._~-]{0,110}$/);
        expect(one).not.toMatch(/^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/);
        expect(one === other).toBe(a === b && m === n);
      }),
    );
  });
});
