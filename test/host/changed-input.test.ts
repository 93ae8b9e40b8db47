import { appendFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { openHost } from './open-host.ts';
import { openTempFolder } from '../support/temp-folder.ts';

const ROWS = '{"custom_id":"a","prompt":"echo:one"}\n';

test('a dropped file that is rewritten before it is read is not read by its old job', async () => {
  const host = await openHost();
  let changed = false;
  await host.start((call) => async (step, event) => {
    if (step === 'build-requests' && !changed) {
      changed = true;
      await host.drop('input/rows.jsonl', `${ROWS}{"custom_id":"b","prompt":"echo:two"}\n`);
    }
    return call(step, event);
  });

  await host.drop('input/rows.jsonl', ROWS);

  const summaries = await host.ended(2);
  const failed = summaries.find(({ status }) => status === 'failed');
  expect(failed).toMatchObject({ inputs: [{ key: 'input/rows.jsonl' }], failure: { name: 'InvalidInput' } });
  expect(failed?.failure?.message).toContain('changed after its job was started');
  expect(summaries.find(({ status }) => status === 'succeeded')).toMatchObject({ counts: { ok: 2 } });
  expect(host.simulator.batches()).toHaveLength(1);
});

async function openFile() {
  const folder = await openTempFolder();
  const path = join(folder, 'rows.jsonl');
  await writeFile(path, ROWS.repeat(10_000));
  const store = createFolderStore(folder);
  const etag = (await store.stat('rows.jsonl'))?.etag;
  const readAll = async (between: () => Promise<void>): Promise<number> => {
    let bytes = 0;
    const object = await store.open('rows.jsonl', { etag });
    for await (const chunk of object?.body ?? []) {
      if (bytes === 0) await between();
      bytes += chunk.length;
    }
    return bytes;
  };
  return { path, store, etag, readAll };
}

test.each([
  ['is added to', (path: string) => appendFile(path, ROWS)],
  [
    'is written over with as many bytes',
    (path: string) => writeFile(path, ROWS.replace('a', 'z').repeat(10_000)),
  ],
  ['is emptied', (path: string) => writeFile(path, '')],
])('a file that %s while it is read is refused', async (_, change) => {
  const { path, readAll } = await openFile();

  await expect(readAll(() => change(path))).rejects.toMatchObject({ name: 'InvalidInput' });
});

test('an unchanged file is read whole, and a replaced one is not opened', async () => {
  const { path, store, etag, readAll } = await openFile();

  expect(await readAll(() => Promise.resolve())).toBe(ROWS.length * 10_000);
  await utimes(path, 1, 1);

  await expect(store.open('rows.jsonl', { etag })).rejects.toMatchObject({ name: 'InvalidInput' });
  await expect(store.get('rows.jsonl', { etag })).rejects.toMatchObject({ name: 'InvalidInput' });
});

test('a job request that is rewritten before it is read starts only the job of its new text', async () => {
  const host = await openHost();
  await host.drop('staged/old.jsonl', ROWS);
  await host.drop('staged/new.jsonl', ROWS);
  let changed = false;
  await host.start(undefined, {
    wrapStore: (store) => ({
      ...store,
      open: async (key, options) => {
        if (key === 'input/x.job.json' && !changed) {
          changed = true;
          await host.drop(key, '{"inputs":["staged/new.jsonl"]}');
        }
        return store.open(key, options);
      },
    }),
  });

  await host.drop('input/x.job.json', '{"inputs":["staged/old.jsonl"]}');

  expect(await host.ended(1)).toMatchObject([{ status: 'succeeded', inputs: [{ key: 'staged/new.jsonl' }] }]);
  expect(changed).toBe(true);
  expect(host.simulator.batches()).toHaveLength(1);
  expect(host.failures).toEqual([]);
});
