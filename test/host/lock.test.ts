import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockFolder } from '../../host/lock.ts';

async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-lock-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('a data folder is taken, and free again when its process lets it go', async () => {
  const folder = await openFolder();

  const first = await lockFolder(folder);
  expect(await readFile(join(folder, '.lock'), 'utf8')).toBe(String(process.pid));
  await first[Symbol.asyncDispose]();
  await using second = await lockFolder(folder);

  expect(second).toBeDefined();
});

test('a data folder that another process works with is refused, with its number', async () => {
  const folder = await openFolder();
  // The parent is there as long as this test runs.
  await writeFile(join(folder, '.lock'), String(process.ppid));

  await expect(lockFolder(folder)).rejects.toThrow(`is in use by process ${process.ppid}`);
});

test.each(['999999999', '', 'what'])(
  'a lock that holds %j was left by a process that is no more',
  async (pid) => {
    const folder = await openFolder();
    await writeFile(join(folder, '.lock'), pid);

    await using lock = await lockFolder(folder);

    expect(lock).toBeDefined();
    expect(await readFile(join(folder, '.lock'), 'utf8')).toBe(String(process.pid));
  },
);
