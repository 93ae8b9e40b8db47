import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished, expect, test } from 'vitest';
import { spaceProblem } from '../../cli/check-disk.ts';
import { sizeText } from '../../cli/view/size-text.ts';
import { estimateNeed, estimateRows, freeBytes, totalOf, withSimulator } from '../../host/disk-need.ts';
import { runCli } from './run-cli.ts';

async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-disk-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes a sparse file that is larger than the free space of any disk. It takes no space itself. */
async function writeHugeFile(path: string): Promise<void> {
  const terabytes = 1e12 * Math.ceil(((await freeBytes('.')) ?? 0) / 1e12 + 1);
  const file = await open(path, 'w');
  await file.write('{"prompt":"x"}\n');
  await file.truncate(terabytes);
  await file.close();
}

test('run refuses an input that does not fit into the data folder before it is read, with advice', async () => {
  const folder = await openFolder();
  await writeHugeFile(join(folder, 'huge.jsonl'));

  const { status, stdout, stderr } = await runCli(folder, ['run', 'huge.jsonl', '--simulate']);

  expect(status).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toMatch(
    /disk of the data folder "nightshift-data" has [\d.]+ [KMGT]B free, and this job needs about [\d,.]+ TB: the input [\d.]+ TB, requests /,
  );
  expect(stderr).toMatch(/with --data\. Nothing was sent\./);
});

test('plan refuses requests that do not fit into the folder for temporary files', async () => {
  const folder = await openFolder();
  await writeHugeFile(join(folder, 'huge.jsonl'));

  const { status, stderr } = await runCli(folder, ['plan', 'huge.jsonl']);

  expect(status).toBe(2);
  expect(stderr).toMatch(/disk has [\d.]+ [KMGT]B free\. .*TMPDIR.*--limit/);
});

test('plan shows with --json the space that a run needs, and the free space of a data folder that does not exist yet', async () => {
  const folder = await openFolder();
  const rows = Array.from({ length: 50 }, (_, n) => `{"prompt":"question ${n}"}\n`).join('');
  await writeFile(join(folder, 'a.jsonl'), rows);

  const { stdout } = await runCli(folder, ['plan', 'a.jsonl', '--json', '--data', 'not/there/yet']);

  const { disk, shards } = JSON.parse(stdout) as {
    disk: { input: number; requests: number; answers: number; free: number };
    shards: { bytes: number }[];
  };
  expect(disk).toMatchObject({ input: rows.length, requests: shards[0]?.bytes });
  expect(disk.answers).toBeGreaterThan(50 * 600);
  expect(disk.free).toBeGreaterThan(1_000_000);
});

test.each([
  ['enough for all of it', { input: 10, requests: 10, answers: 80 }, 100, undefined],
  [
    'room for what is sent, and perhaps not for the answers',
    { input: 10, requests: 10, answers: 81 },
    100,
    false,
  ],
  ['perhaps no room for the requests', { input: 60, requests: 41, answers: 0 }, 100, false],
  ['no room for the input', { input: 101, requests: 0, answers: 0 }, 100, true],
])('a disk with %s', (_, need, free, isCertain) => {
  expect(spaceProblem(need, free, 'data')?.isCertain).toBe(isCertain);
});

test.runIf(process.platform === 'linux')('a file system that reports no size has unknown room', async () => {
  expect(await freeBytes('/proc')).toBeUndefined();
});

test('rows are estimated from the first lines, up to the limit of a sample', async () => {
  const folder = await openFolder();
  const file = join(folder, 'a.jsonl');
  await writeFile(file, `{"prompt":"${'x'.repeat(85)}"}\n`.repeat(20_000));

  const all = await estimateRows([file]);
  const sample = await estimateRows([file, file], 100);

  expect(all.rows).toBeGreaterThan(19_000);
  expect(all.rows).toBeLessThan(21_000);
  expect(all.requests).toBeGreaterThan(all.input);
  expect(sample.rows).toBe(100);
  expect(sample.input).toBe(2 * all.input);
  expect(sample.requests).toBeLessThan(all.requests / 100);
});

test('a compressed file counts with its unpacked size', async () => {
  const folder = await openFolder();
  const file = join(folder, 'a.jsonl.gz');
  await writeFile(file, Buffer.alloc(30_000));

  expect(await estimateRows([file])).toMatchObject({ input: 30_000, rows: 400 });
});

test('answers are estimated from the profile', () => {
  const rows = { input: 1_000_000, rows: 1_000, requests: 1_200_000 };
  const chat = estimateNeed(rows, { body: {}, endpoint: '/v1/chat/completions' });
  const short = estimateNeed(rows, { body: { max_tokens: 10 }, endpoint: '/v1/chat/completions' });
  const vectors = estimateNeed(rows, { body: {}, endpoint: '/v1/embeddings' });

  expect(short.answers).toBeLessThan(chat.answers);
  expect(chat.answers).toBeLessThan(vectors.answers);
  expect(totalOf(withSimulator(chat))).toBeGreaterThan(totalOf(chat));
});

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1_000, '1 KB'],
  [1_234, '1.2 KB'],
  [999_999, '1 MB'],
  [71_000_000_000, '71 GB'],
  [5e15, '5000 TB'],
])('%i bytes are shown as %s', (bytes, text) => {
  expect(sizeText(bytes)).toBe(text);
});
