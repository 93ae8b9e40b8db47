/** @module-tag exhaustive */
import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BIN, spawnCli, USER_ENV, type Exited } from '../cli/spawn-cli.ts';
import { openTempFolder } from '../support/temp-folder.ts';

/** Runs the command line with a maximum file size of `blocks` times 512 bytes: larger writes fail with EFBIG. */
function spawnLimited(cwd: string, blocks: number, args: readonly string[]): Promise<Exited> {
  const limited = `trap '' XFSZ; ulimit -f ${blocks}; exec "$@"`;
  return new Promise((resolve) => {
    execFile(
      '/bin/sh',
      ['-c', limited, 'sh', process.execPath, BIN, ...args],
      { cwd, env: USER_ENV },
      (error, stdout, stderr) =>
        resolve({ status: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

test('a job on a full disk fails with the reason, and continues when there is space again', async () => {
  const folder = await openTempFolder();
  const rows = Array.from({ length: 8_000 }, (_, n) => `{"prompt":"echo:${n} ${'x'.repeat(80)}"}\n`).join('');
  await writeFile(join(folder, 'a.jsonl'), rows);

  const full = await spawnLimited(folder, 2_000, ['run', 'a.jsonl', '--simulate']);

  expect(full.status).toBe(1);
  expect(full.stderr).toContain('the file system accepts no file of this size (EFBIG)');
  expect(`${full.stdout}${full.stderr}`).not.toContain('history');
  expect(await readdir(join(folder, 'nightshift-data', '.tmp'))).toEqual([]);

  const resumed = await spawnCli(folder, ['run', 'a.jsonl', '--simulate', '--json']);
  expect(JSON.parse(resumed.stdout)).toMatchObject({ status: 'succeeded', counts: { ok: 8_000 } });
});

test('partial files of a killed host are deleted at the next start', async () => {
  const folder = await openTempFolder();
  await writeFile(join(folder, 'a.jsonl'), '{"prompt":"x"}\n');
  await spawnCli(folder, ['run', 'a.jsonl', '--simulate']);
  await writeFile(join(folder, 'nightshift-data', '.tmp', 'half-a-file'), 'x');

  await spawnCli(folder, ['run', 'a.jsonl', '--simulate']);

  expect(await readdir(join(folder, 'nightshift-data', '.tmp')).catch(() => [])).toEqual([]);
});
