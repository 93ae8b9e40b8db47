import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-place-'));
  await mkdir(join(folder, 'nightshift-data'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('In a folder without deployment, commands read the data folder of run and local', async () => {
  expect((await runCli(folder, ['list'])).stdout).toBe('There are no jobs in nightshift-data.\n');
  expect((await runCli(folder, ['status'])).stderr).toContain('There are no jobs in nightshift-data yet.');
});

test('A named outputs file must exist', async () => {
  expect((await runCli(folder, ['list', '--outputs', 'other.json'])).stderr).toContain(
    'There is no other.json',
  );
});

test('An outputs file is preferred to a data folder', async () => {
  await writeFile(join(folder, 'cdk-outputs.json'), '{}');
  expect((await runCli(folder, ['list'])).stderr).toContain('cdk-outputs.json has no stack');
});
