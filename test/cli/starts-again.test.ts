import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXHAUSTIVE, tableOf } from '../support/exhaustive.ts';
import { openTempFolder } from '../support/temp-folder.ts';
import { spawnCli } from './spawn-cli.ts';

/** At each start, prints the process id and the allocator's setting before the program runs. Threads print nothing. */
const NOTE = `import { isMainThread } from 'node:worker_threads';
if (isMainThread) process.stderr.write(\`start \${process.pid} \${process.env.MALLOC_MMAP_THRESHOLD_}\\n\`);`;
const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(NOTE)}`;

/** The allocator's setting at each start of one process. The program fails because its configuration does not exist. */
async function startsOf(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string[]> {
  const folder = await openTempFolder();
  await writeFile(join(folder, 'small.txt'), 'a\n');
  await writeFile(join(folder, 'large.txt'), '');
  await truncate(join(folder, 'large.txt'), 5_000_000);
  const args = [...words, '--config', 'none.mjs'];
  const { status, stderr } = await spawnCli(folder, args, { NODE_OPTIONS, ...env });
  expect(stderr).toContain('none.mjs');
  expect(status).toBe(2);
  const starts = [...stderr.matchAll(/^start (\d+) (\w+)$/gm)];
  expect(new Set(starts.map(([, pid]) => pid)).size).toBe(1);
  return starts.map(([, , setting]) => setting ?? '');
}

const again = process.platform === 'linux' ? ['undefined', '65536'] : ['undefined'];

tableOf(
  [
    [['run', 'large.txt']],
    [['run', 'small.txt', 'large.txt', '--prompt', '{{text}}']],
    [['run', '-']],
    [['local']],
  ],
  1,
).test('%j starts again, as the same process, with an allocator that returns memory', async (words) => {
  expect(await startsOf(words)).toEqual(again);
});

tableOf(
  [[['run', 'small.txt', '--prompt', 'x'.repeat(100_000)]], [['run', 'small.txt']], [['plan', 'large.txt']]],
  1,
).test('a command that may be short starts once (%#)', async (words) => {
  expect(await startsOf(words)).toEqual(['undefined']);
});

tableOf(
  [
    ['a name without a path, as in a container without /proc', 'node'],
    ['a folder', '/'],
    ['a file that an update has deleted', '/usr/bin/node (deleted)'],
  ],
  1,
).test('starts once if the path of Node is %s', async (_, path) => {
  const change = `process.execPath = ${JSON.stringify(path)};`;
  const withChange = `${NODE_OPTIONS} --import=data:text/javascript,${encodeURIComponent(change)}`;
  expect(await startsOf(['run', 'large.txt'], { NODE_OPTIONS: withChange })).toEqual(['undefined']);
});

test('starts once if Node forbids other programs', EXHAUSTIVE, async () => {
  const permitted = `${NODE_OPTIONS} --permission --allow-fs-read=* --allow-fs-write=* --allow-worker --allow-addons`;
  expect(await startsOf(['run', 'large.txt'], { NODE_OPTIONS: permitted })).toEqual(['undefined']);
});

test('the allocator keeps the setting of the user', EXHAUSTIVE, async () => {
  expect(await startsOf(['run', 'large.txt'], { MALLOC_MMAP_THRESHOLD_: '131072' })).toEqual(['131072']);
});
