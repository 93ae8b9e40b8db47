import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { indexKey, jobKey } from '../../src/checkpoints/keys.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { openTempFolder } from '../support/temp-folder.ts';
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

test('a job whose record cannot be read is named, and the others are listed', async () => {
  const data = await openTempFolder();
  const store = createFolderStore(join(data, 'nightshift-data'));
  const profile = { name: 'default', provider: { name: 'simulator' } };
  for (const [n, jobId] of ['older', 'torn', 'newer'].entries()) {
    const createdAt = `2026-11-0${n + 1}T00:00:00.000Z`;
    const record = JSON.stringify({ jobId, createdAt, profile, inputs: [] });
    await store.put(jobKey(jobId), jobId === 'torn' ? record.slice(0, 40) : record);
    await store.put(indexKey(createdAt, jobId), '');
  }

  const { status, stdout, stderr } = await runCli(data, ['list']);
  const json = await runCli(data, ['list', '--json', '--limit', '2']);
  const oneJob = await runCli(data, ['status', 'torn']);
  const mistyped = await runCli(data, ['status', 'oldre']);
  const forgotten = await runCli(data, ['forget', '--profile', 'default', '--id', 'a']);

  expect(status).toBe(0);
  expect(stdout).toMatch(/newer[^]*older/);
  expect(stdout).not.toContain('torn');
  expect(stderr).toMatch(/^Job torn is not listed: \S*job\.json is not JSON; was it changed by hand\?\n$/);
  expect(json.stdout.trim().split('\n')).toHaveLength(2);
  expect(json.stderr).toContain('Job torn is not listed');
  expect([oneJob.status, oneJob.stderr]).toEqual([1, expect.stringContaining('job.json is not JSON')]);
  expect(mistyped.stderr).toContain('Did you mean "older"?');
  expect(forgotten.stderr).toContain('torn/job.json is not JSON');
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
