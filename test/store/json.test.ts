import { expect, test } from 'vitest';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { readJson, requireJson, writeJson } from '../../src/store/json.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openTempFolder } from '../support/temp-folder.ts';

async function openStore(): Promise<ObjectStore> {
  const folder = await openTempFolder();
  return createFolderStore(folder);
}

test('a value reads back as it was written, and is one line', async () => {
  const store = await openStore();
  await writeJson(store, 'jobs/a/plan.json', { rows: 2, name: 'ü\u2028' });

  expect(await readJson(store, 'jobs/a/plan.json')).toEqual({ rows: 2, name: 'ü\u2028' });
  expect(await requireJson(store, 'jobs/a/plan.json')).toEqual({ rows: 2, name: 'ü\u2028' });
  expect((await store.get('jobs/a/plan.json'))?.toString()).toBe('{"rows":2,"name":"ü\u2028"}\n');
});

test('a missing object is undefined, or an error with its key if it must exist', async () => {
  const store = await openStore();

  expect(await readJson(store, 'jobs/a/plan.json')).toBeUndefined();
  await expect(requireJson(store, 'jobs/a/plan.json')).rejects.toThrow(store.locate('jobs/a/plan.json'));
});

test('an object that is not JSON is named in the error, and its content is not shown', async () => {
  const store = await openStore();
  await store.put('jobs/a/plan.json', '{"rows": sk-secret');

  const reading = readJson(store, 'jobs/a/plan.json');
  await expect(reading).rejects.toThrow(`${store.locate('jobs/a/plan.json')} is not JSON`);
  await expect(reading).rejects.not.toThrow(/sk-secret/);
});
