import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planJob } from '../../cli/plan-job.ts';
import { pollTimes } from '../../cli/poll-schedule.ts';
import { defineConfig } from '../../src/config/config.ts';
import { LINE_SCHEMAS } from './json-line-schemas.ts';
import { runCli } from './run-cli.ts';
import { tableOf } from '../support/exhaustive.ts';

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'nightshift-plan-test-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function openFolder(files: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(home, 'case-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

const ROWS =
  '{"prompt":"x"}\n{"nothing":1}\n{"custom_id":"a","prompt":"y"}\n{"custom_id":"a","prompt":"z"}\n';

test('shows what a job would do, with the errors of invalid rows, and leaves no files', async () => {
  const folder = await openFolder({ 'a.jsonl': ROWS });

  const { status, stdout, stderr } = await runCli(folder, ['plan', 'a.jsonl']);

  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^rows +4: 2 valid, 2 invalid$/m);
  expect(stdout).toMatch(/^shards +1, each with at most 2 requests and \d+ bytes$/m);
  expect(stdout).toMatch(/^tokens +about \d+ of input$/m);
  expect(stdout).toMatch(/^polls +after 15s, 30s, 45s, 1m, /m);
  expect(stdout).toMatch(/batches of 1d: 1\d\d polls each, about \$0\.01\d of AWS/);
  expect(stdout).toMatch(/^ {2}line 2 {2}row-00000002 {2}UNKNOWN_FIELD /m);
  expect(stdout).toMatch(/^ {2}line 4 {2}a {2}DUPLICATE_CUSTOM_ID /m);
  expect(await readdir(folder)).toEqual(['a.jsonl']);
});

test('shows that a small job makes no batch', async () => {
  const folder = await openFolder({
    'a.jsonl': ROWS,
    'x.job.json': '{"rows":[{"prompt":"x"}],"overrides":{"small":"direct"}}',
  });

  const { stdout } = await runCli(folder, ['plan', 'x.job.json']);
  const { stdout: json } = await runCli(folder, ['plan', 'x.job.json', '--json']);

  expect(stdout).toMatch(/^direct +no batch: 1 call to the realtime endpoint, about \$0\.000\d+ of AWS$/m);
  expect(stdout).not.toContain('polls');
  expect(LINE_SCHEMAS.plan.parse(JSON.parse(json))).toMatchObject({ batches: [], direct: { calls: 1 } });
});

test.each([
  ['1', '1 row first; the other 1 if a person approves'],
  ['2', 'none: 2 rows to send, and a pilot has 2; all are sent at once'],
])('says whether some rows are sent first, for two rows and a pilot of %s', async (rows, pilot) => {
  const folder = await openFolder({ 'a.jsonl': ROWS });

  const { stdout } = await runCli(folder, ['plan', 'a.jsonl', '--pilot', rows]);

  expect(stdout.split('\n')).toContain(`pilot     ${pilot}`);
});

test('prints one documented object with --json', async () => {
  const folder = await openFolder({ 'a.jsonl': ROWS, 'b.csv': 'prompt\nx\n' });

  const { stdout } = await runCli(folder, ['plan', 'a.jsonl', 'b.csv', '--json']);

  const plan = LINE_SCHEMAS.plan.parse(JSON.parse(stdout));
  expect(plan).toMatchObject({ rows: 5, invalid: 2, provider: 'melious', profile: 'default' });
  expect(plan.shards).toMatchObject([{ requests: 2 }]);
});

test('takes a job request, whose inputs lie in the data folder', async () => {
  const folder = await openFolder({ 'x.job.json': '{"prefix":"staged/","overrides":{"model":"m"}}' });
  await mkdir(join(folder, 'nightshift-data', 'staged'), { recursive: true });
  await writeFile(join(folder, 'nightshift-data', 'staged', 'a.txt'), 'one\ntwo\n');

  const { stdout } = await runCli(folder, ['plan', 'x.job.json', '--json']);

  expect(JSON.parse(stdout)).toMatchObject({ rows: 2, model: 'm' });
  expect(await readdir(join(folder, 'nightshift-data'))).toEqual(['staged']);
});

test('lists the files below a prefix that are skipped', async () => {
  const folder = await openFolder({ 'x.job.json': '{"prefix":"staged/","overrides":{"model":"m"}}' });
  await mkdir(join(folder, 'nightshift-data', 'staged'), { recursive: true });
  for (const [name, text] of Object.entries({
    'a.txt': 'one\n',
    'b.pdf': 'x',
    'empty.csv': '',
    _SUCCESS: '',
  }))
    await writeFile(join(folder, 'nightshift-data', 'staged', name), text);

  const { stdout } = await runCli(folder, ['plan', 'x.job.json']);
  const { stdout: json } = await runCli(folder, ['plan', 'x.job.json', '--json']);

  expect(stdout).toMatch(/skipped +empty or of unknown format: b\.pdf, empty\.csv\n/);
  expect(JSON.parse(json)).toMatchObject({
    rows: 1,
    skipped: { count: 2, keys: ['staged/b.pdf', 'staged/empty.csv'] },
  });
});

test('exits 1 when nothing of the job would be sent', async () => {
  const folder = await openFolder({ 'a.jsonl': ROWS });

  const { status, stdout, stderr } = await runCli(folder, ['plan', 'a.jsonl', '--strict']);

  expect(status).toBe(1);
  expect(stderr).toContain('The job would fail: 2 of 4 rows of a.jsonl are invalid and the job is strict');
  expect(stdout).not.toContain('AWS');
});

tableOf(
  [
    [['none.jsonl'], 2, 'There is no file none.jsonl.'],
    [['.'], 2, '. is not a file.'],
    [['a.jsonl', '--profile', 'nope'], 2, 'There is no profile "nope"'],
    [[], 2, "missing required argument 'files'"],
    [['a.pdf'], 1, 'a.pdf'],
  ],
  2,
).test('refuses wrong arguments: plan %j', async (args, expected, message) => {
  const folder = await openFolder({ 'a.jsonl': ROWS, 'a.pdf': 'x' });

  const { status, stderr } = await runCli(folder, ['plan', ...args]);

  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/^\s+at /m);
  expect(status).toBe(expected);
});

test('shows the cost for a profile with a price', async () => {
  const folder = await openFolder({ 'a.txt': `${'word '.repeat(800)}\n`.repeat(10) });
  const config = defineConfig({
    profiles: {
      default: {
        model: 'm',
        dedupe: false,
        body: { max_tokens: 500 },
        price: { inputPerMillion: 2, outputPerMillion: 10, currency: 'EUR' },
      },
    },
  });
  const asked = { files: [join(folder, 'a.txt')], profile: undefined, overrides: {}, config, data: folder };

  const { plan, price } = await planJob(asked);

  expect(price?.input).toBeCloseTo((plan.inputTokens * 2) / 1e6, 9);
  expect(price?.mostOutput).toBeCloseTo((10 * 500 * 10) / 1e6, 9);
});

test('the preview polls a batch until it has ended or is overdue', () => {
  const limits = { minSeconds: 15, maxSeconds: 900, fraction: 0.1, graceSeconds: 3_600 };

  const ends = pollTimes({ limits, windowSeconds: 86_400, endsAfter: 3_600 });
  const never = pollTimes({ limits, windowSeconds: 86_400, endsAfter: Infinity, progress: () => undefined });

  expect(ends[0]).toBe(15);
  expect(ends.at(-2)).toBeLessThan(3_600);
  expect(ends.at(-1)).toBeGreaterThanOrEqual(3_600);
  expect(never.at(-1)).toBeGreaterThanOrEqual(90_000);
  expect(never.length).toBeLessThan(160);
});
