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
