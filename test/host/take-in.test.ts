import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { takeIn } from '../../host/take-in.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { openTempFolder } from '../support/temp-folder.ts';

async function openFolder(): Promise<(name: string, content: string) => ReturnType<typeof takeIn>> {
  const folder = await openTempFolder();
  const store = createFolderStore(join(folder, 'store'));
  return async (name, content) => {
    const file = join(folder, name);
    await writeFile(file, content);
    return takeIn(store, { files: [file], identity: ['default'], again: false });
  };
}

describe('a file that is copied into the data folder', () => {
  test('is the same job when it is run again, and another when its content changed', async () => {
    const take = await openFolder();

    const first = await take('a.jsonl', '{"prompt":"x"}');

    expect(await take('a.jsonl', '{"prompt":"x"}')).toEqual(first);
    expect((await take('a.jsonl', '{"prompt":"y"}')).jobId).not.toBe(first.jobId);
  });

  test('is another job under another name, so that renaming it to its true format helps', async () => {
    const take = await openFolder();

    const misnamed = await take('a.jsonl', '{\n"q1":"x"\n}');
    const renamed = await take('a.json', '{\n"q1":"x"\n}');

    expect(renamed.jobId).not.toBe(misnamed.jobId);
  });
});

test.each([0, 1, 1_048_576, 1_048_577, 3_500_000])('a file of %i bytes is copied whole', async (bytes) => {
  const folder = await openTempFolder();
  const store = createFolderStore(join(folder, 'store'));
  const content = randomBytes(bytes);
  const file = join(folder, 'a.txt');
  await writeFile(file, content);

  const { inputs } = await takeIn(store, { files: [file], identity: [], again: false });

  expect((await store.get(inputs[0]?.key ?? ''))?.equals(content)).toBe(true);
});
