/** @module-tag exhaustive */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from './cli/run-cli.ts';
import { openTempFolder } from './support/temp-folder.ts';

/** Writes the files that `docs/operations.md` shows for the smoke test of a deployed stack. */
async function saveFiles(folder: string): Promise<string[]> {
  const page = await readFile(join(import.meta.dirname, '..', 'docs', 'operations.md'), 'utf8');
  const [, section = ''] = page.split('\n## Smoke test\n');
  const made = [...section.matchAll(/^\$ printf '([^']*)' > (\S+)$/gm)];
  for (const [, text = '', name = ''] of made)
    await writeFile(join(folder, name), text.replaceAll(String.raw`\n`, '\n'));
  return made.map(([, , name = '']) => name);
}

test('the files of the smoke test have the documented results on one machine', async () => {
  const folder = await openTempFolder();
  expect(await saveFiles(folder)).toEqual(['twice.jsonl', 'shards.job.json', 'stop.jsonl']);
  const run = async (file: string): Promise<[status: number, summary: unknown]> => {
    const { status, stdout } = await runCli(folder, ['run', file, '--simulate', '--json']);
    return [status, JSON.parse(stdout)];
  };

  expect(await run('twice.jsonl')).toMatchObject([3, { status: 'partial', counts: { ok: 1, invalid: 1 } }]);
  expect(await run('shards.job.json')).toMatchObject([0, { status: 'succeeded', rows: 5, shards: 3 }]);
  expect(await run('stop.jsonl')).toMatchObject([0, { status: 'succeeded', counts: { ok: 2 } }]);
});
