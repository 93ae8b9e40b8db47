import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startJob } from '../../src/job-control/start-job.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { HeldExecutions } from '../support/held-executions.ts';
import { CONFIG } from '../support/config.ts';
import { LINE_SCHEMAS } from '../cli/json-line-schemas.ts';
import { runCli } from '../cli/run-cli.ts';
import { BIN, USER_ENV, type Exited } from '../cli/spawn-cli.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';

let folder: string;
let jobId: string;

const nightshift = (...args: string[]): Promise<Exited> => runCli(folder, [...args, '--data', 'data']);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-folder-'));
  await writeFile(join(folder, 'a.jsonl'), '{"custom_id":"a","prompt":"echo:one"}\n{}\n');
  const { stdout } = await nightshift('run', 'a.jsonl', '--simulate', '--json');
  jobId = LINE_SCHEMAS.summary.parse(JSON.parse(stdout)).jobId;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a job that has ended is listed, has a status and results, and can be watched', async () => {
  const list = await nightshift('list');
  expect(list.stdout).toMatch(/^job +status +profile +started +took$/m);
  expect(list.stdout).toMatch(
    new RegExp(`^${jobId} +partial +default +\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d +\\d+s$`, 'm'),
  );

  const status = await nightshift('status');
  expect(status.stdout).toContain(`job ${jobId}`);
  expect(status.stdout).toContain(`Get its results: nightshift results ${jobId} --data data --out <folder>`);

  const watched = await nightshift('watch', jobId, '--json');
  const lines = watched.stdout.trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual(['job', 'summary']);
  expect(watched.status).toBe(3);

  const results = await nightshift('results', jobId);
  expect(results.stdout).toMatch(/│ a +│ one/);
  expect(results.stdout).toContain('dead-letters.jsonl');
});

test('results leave no dead letters of another job', EXHAUSTIVE, async () => {
  await writeFile(join(folder, 'dead-letters.jsonl'), 'old');
  await writeFile(join(folder, 'b.jsonl'), '{"prompt":"echo:x"}\n');
  const run = await nightshift('run', 'b.jsonl', '--simulate', '--json');
  const other = LINE_SCHEMAS.summary.parse(JSON.parse(run.stdout)).jobId;

  const { stdout } = await nightshift('results', other, '--out', '.');

  expect(stdout).toBe('report.html\nresults.jsonl\nsummary.json\n');
  await expect(rm(join(folder, 'dead-letters.jsonl'))).rejects.toThrow('ENOENT');
});

test('results come as Parquet, too', EXHAUSTIVE, async () => {
  await writeFile(join(folder, 'c.jsonl'), '{"prompt":"echo:table"}\n');
  const run = await nightshift('run', 'c.jsonl', '--simulate', '--json');
  const { jobId: made } = LINE_SCHEMAS.summary.parse(JSON.parse(run.stdout));

  const { stdout } = await nightshift('results', made, '--out', 'tables', '--parquet');

  expect(stdout.split('\n')).toContain(join('tables', 'results.parquet'));
  const file = await asyncBufferFromFile(join(folder, 'tables', 'results.parquet'));
  expect(await parquetReadObjects({ file })).toMatchObject([{ ok: true, text: 'table' }]);
  expect(await nightshift('results', jobId, '--parquet')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('--parquet needs --out') as string,
  });
});

test('results may be read by a program that closes the pipe early', EXHAUSTIVE, async () => {
  const rows = Array.from({ length: 20_000 }, (_, n) => `{"prompt":"echo:${n}"}\n`).join('');
  await writeFile(join(folder, 'many.jsonl'), rows);
  const run = await nightshift('run', 'many.jsonl', '--simulate', '--json');
  const { jobId: many } = LINE_SCHEMAS.summary.parse(JSON.parse(run.stdout));
  const child = spawn(process.execPath, [BIN, 'results', many, '--json', '--data', 'data'], {
    cwd: folder,
    env: USER_ENV,
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdout.once('data', () => child.stdout.destroy());

  expect(await once(child, 'close')).toEqual([0, null]);
  expect(stderr).toBe('');
});

test('watching a job that no process runs ends immediately', async () => {
  const store = createFolderStore(join(folder, 'data'));
  const held = new HeldExecutions();
  const edges = { store, config: CONFIG, executions: held, clock: { now: () => Date.now() } };
  await startJob(
    { ...edges, random: Math.random, log: () => undefined },
    { jobId: 'waiting-1', profile: 'default', inputs: () => Promise.resolve([{ key: 'input/x' }]) },
  );

  const { status, stderr } = await nightshift('watch', 'waiting-1');

  expect(stderr).toContain('Nothing runs job waiting-1. `nightshift local --data data` continues');
  expect(status).toBe(1);
});

test('a job that no process runs can be resumed or cancelled', async () => {
  const store = createFolderStore(join(folder, 'data'));
  await store.put('staged/left.jsonl', '{"prompt":"echo:x"}\n');
  const edges = {
    store,
    config: CONFIG,
    executions: new HeldExecutions(),
    clock: { now: () => Date.now() },
    random: Math.random,
    log: () => undefined,
    simulated: true as const,
  };
  const inputs = (): Promise<{ key: string }[]> => Promise.resolve([{ key: 'staged/left.jsonl' }]);
  for (const left of ['left-1', 'left-2']) await startJob(edges, { jobId: left, profile: 'default', inputs });

  const resumed = await nightshift('resume', 'left-1', '--json');
  expect(LINE_SCHEMAS.summary.parse(JSON.parse(resumed.stdout))).toMatchObject({
    status: 'succeeded',
    simulated: true,
  });
  expect(resumed.status).toBe(0);
  expect((await nightshift('resume', 'left-1')).stderr).toContain('there is nothing to resume');
  expect((await nightshift('cancel', 'left-1')).stderr).toContain('there is nothing to cancel');

  expect((await nightshift('cancel', 'left-2')).status).toBe(0);
  const { stdout } = await nightshift('status', 'left-2', '--json');
  expect(LINE_SCHEMAS.job.parse(JSON.parse(stdout))).toMatchObject({ status: 'cancelled' });
});
