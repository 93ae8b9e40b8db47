import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeOutputFiles } from '../../cli/output-files.ts';
import { resultsKey, summaryKey } from '../../src/checkpoints/keys.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { openTempFolder } from '../support/temp-folder.ts';

const SUMMARY = { jobId: 'a', results: resultsKey('a') } as Summary;

async function openEnded() {
  const folder = await openTempFolder();
  const store = createFolderStore(join(folder, 'data'));
  await store.put(resultsKey('a'), '{"custom_id":"q"}\n');
  await store.put(summaryKey('a'), '{}\n');
  const out = join(folder, 'out');
  return { out, place: () => writeOutputFiles(store, SUMMARY, { out, data: 'data' }) };
}

test('results are written as complete files and replace those of an earlier run', async () => {
  const { out, place } = await openEnded();
  await mkdir(out);
  await writeFile(join(out, 'results.jsonl'), 'old');
  await writeFile(join(out, 'dead-letters.jsonl'), 'old');

  await place();

  expect(await readFile(join(out, 'results.jsonl'), 'utf8')).toBe('{"custom_id":"q"}\n');
  expect((await readdir(out)).toSorted()).toEqual(['results.jsonl', 'summary.json']);
});

test('if results cannot be written, the error has the cause and the command that writes them later', async () => {
  const { out, place } = await openEnded();
  await mkdir(join(out, 'results.jsonl', 'folder'), { recursive: true });

  await expect(place()).rejects.toThrow(
    /^--out: .*out could not be written: E\w+\. The answers are kept\. Write them with: nightshift results a --data data --out <folder>$/,
  );
  expect(await readdir(out)).not.toContainEqual(expect.stringMatching(/\.part$/));
});
