import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { spawnCli } from './spawn-cli.ts';
import { tableOf } from '../support/exhaustive.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-completion-'));
  await mkdir(join(folder, 'inputs'));
  await writeFile(join(folder, 'inputs', 'a.csv'), '');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Returns the completions for these words, requested as the shell scripts do. */
async function next(...words: string[]): Promise<string[]> {
  const { status, stdout } = await spawnCli(folder, ['complete', '--', ...words]);
  expect(status).toBe(0);
  const lines = stdout.trimEnd().split('\n');
  return lines.slice(0, -1).map((line) => line.split('\t')[0] ?? '');
}

describe('completion', () => {
  tableOf(
    [
      [['re'], ['reject', 'results', 'resume', 'retry']],
      [
        ['run', '--pro'],
        ['--provider', '--profile', '--prompt'],
      ],
      [
        ['list', '--status', 'c'],
        ['cancelling', 'cancelled'],
      ],
      [['submit', '--profile', 'c'], ['classify']],
      [['plan', 'in'], ['inputs/']],
      [['plan', 'inputs/'], ['inputs/a.csv']],
      [['results', 'x', '--out', 'in'], ['inputs/']],
      [['watch', '--data', 'nowhere/'], []],
    ],
    2,
  ).test('of %j offers %j', async (words, expected) => {
    expect((await next(...words)).toSorted()).toEqual(expected.toSorted());
  });

  tableOf(['bash', 'zsh', 'fish'], 1).test(
    'has a script for %s that requests the next words',
    async (shell) => {
      const { status, stdout } = await spawnCli(folder, ['completion', shell]);

      expect(status).toBe(0);
      expect(stdout).toContain('nightshift complete --');
      if (shell === 'bash') execFileSync('bash', ['-n'], { input: stdout });
    },
  );

  test('rejects any other shell', async () => {
    const { status, stderr } = await runCli(folder, ['completion', 'tcsh']);

    expect(stderr).toContain('Allowed choices are zsh, bash, fish, powershell');
    expect(status).toBe(2);
  });
});
