import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { download } from '../../cli/result-files.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openStore } from '../requests/store.ts';
import { openTempFolder } from '../support/temp-folder.ts';

/** A bucket, which accepts any key. All of its objects have the same content. */
async function openBucket(): Promise<ObjectStore> {
  const store = await openStore();
  return {
    ...store,
    open: () =>
      Promise.resolve({
        bytes: 6,
        body: (async function* () {
          yield await Promise.resolve(Buffer.from('attack'));
        })(),
        close: () => undefined,
      }),
  };
}

async function openFolders() {
  const around = await openTempFolder();
  return { around, folder: join(around, 'a', 'b', 'out') };
}

test.each([
  '../x',
  '../../../x',
  'files/../../x',
  'files/..',
  '..',
  '.',
  '',
  './../x',
  '/x',
  '//x',
  'files//../../x',
  '..\\x',
  'files\\..\\..\\x',
  'a\0b',
])('an object with the key %j is not written', async (name) => {
  const { around, folder } = await openFolders();

  const path = await download(await openBucket(), `output/job-1/${name}`, { jobId: 'job-1', folder });

  expect(path).toBeUndefined();
  expect(await readdir(around, { recursive: true })).toEqual([]);
});

test.each(['results.jsonl', 'files/a..b.png', 'files/..a', 'files/a b/ü.png'])(
  'an object that is called %j is written below the folder',
  async (name) => {
    const { folder } = await openFolders();

    await download(await openBucket(), `output/job-1/${name}`, { jobId: 'job-1', folder });

    expect(await readFile(join(folder, name), 'utf8')).toBe('attack');
  },
);
