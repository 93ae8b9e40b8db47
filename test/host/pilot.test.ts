import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LINE_SCHEMAS } from '../cli/json-line-schemas.ts';
import { runCli } from '../cli/run-cli.ts';
import { spawnCli, type Exited } from '../cli/spawn-cli.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';

let folder: string;

const run = ['--simulate', '--json', '--pilot', '2'] as const;
const nightshift = (...args: string[]): Promise<Exited> => runCli(folder, [...args, '--data', 'data']);
const summaryOf = ({ stdout }: Exited) => LINE_SCHEMAS.summary.parse(JSON.parse(stdout));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-pilot-'));
  const rows = (bad: boolean): string =>
    [1, 2, 3, 4, 5].map((n) => `{"prompt":"${bad ? '[fail:NO_SUCH_THING] ' : ''}row ${n}"}\n`).join('');
  await writeFile(join(folder, 'good.jsonl'), rows(false));
  await writeFile(join(folder, 'bad.jsonl'), rows(true));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('a run with a failed pilot shows how to continue, and approve continues it', EXHAUSTIVE, async () => {
  const failed = await nightshift('run', 'bad.jsonl', ...run, '--pilot-max-bad', '0.2');
  expect(failed.status).toBe(1);
  const { jobId, ...summary } = summaryOf(failed);
  expect(summary).toMatchObject({
    status: 'failed',
    counts: { failed: 2, exhausted: 3 },
    failure: { code: 'PILOT_FAILED' },
  });

  const status = await nightshift('status', jobId);
  expect(status.stdout).toContain('Pilot: 0 of 2 rows are ok, and the other rows are not sent.');
  expect(status.stdout).toContain(`Send its other rows: nightshift approve ${jobId} --data data`);
  expect((await nightshift('reject', jobId)).stderr).toContain('there is nothing to reject');

  const approved = await nightshift('approve', jobId, '--json');
  expect(summaryOf(approved)).toMatchObject({ status: 'partial', counts: { failed: 5 } });
  expect((await nightshift('approve', 'nobody-1')).stderr).toContain('There is no job nobody-1');
});

test('a plan shows how many rows are sent first and how the pilot is judged', async () => {
  const pilot = ['--pilot', '2', '--pilot-max-bad', '0.2', '--approve'];
  const { stdout } = await nightshift('plan', 'good.jsonl', ...pilot);
  expect(stdout).toMatch(
    /pilot +2 rows first; the other 3 if no more than 20 % of them are not ok and a person approves/,
  );
  const all = await nightshift('plan', 'good.jsonl', '--pilot', '5');
  expect(all.stdout).toMatch(/pilot +none: 5 rows to send, and a pilot has 5; all are sent at once/);
});

test('a run waits for a person, who approves it in another terminal', EXHAUSTIVE, async () => {
  const running = spawnCli(folder, ['run', 'good.jsonl', ...run, '--data', 'data']);
  const jobId = await waitingJob();

  const told = await nightshift('approve', jobId);
  const ended = await running;

  expect(told.stdout).toContain(`Job ${jobId} is approved: its other rows are sent.`);
  expect(ended.stderr).toMatch(/waits after its pilot, until \d{4}-\d\d-\d\d \d\d:\d\d UTC; then it ends/);
  expect(ended.stderr).toContain(`output/${jobId}/pilot.html`);
  for (const decision of ['approve', 'reject'])
    expect(ended.stderr).toContain(`nightshift ${decision} ${jobId} --data data`);
  expect(summaryOf(ended)).toMatchObject({
    status: 'succeeded',
    counts: { ok: 5 },
    pilot: { state: 'approved' },
  });
});

test(
  'an approved job and a job without a pilot cannot be judged, and the error has the reason',
  EXHAUSTIVE,
  async () => {
    const failed = summaryOf(
      await nightshift('run', 'bad.jsonl', ...run, '--pilot-max-bad', '0.2', '--again'),
    );
    expect(summaryOf(await nightshift('approve', failed.jobId, '--json')).status).toBe('partial');

    expect(summaryOf(await nightshift('approve', failed.jobId, '--json')).status).toBe('partial');
    const late = await nightshift('reject', failed.jobId);
    expect([late.status, late.stderr]).toEqual([
      2,
      expect.stringContaining('has been approved, and its other rows are sent: cancel the job instead.'),
    ]);

    const plain = summaryOf(await nightshift('run', 'good.jsonl', '--simulate', '--json', '--again'));
    for (const decision of ['approve', 'reject']) {
      const { status, stderr } = await nightshift(decision, plain.jobId);
      expect([status, stderr]).toEqual([
        2,
        expect.stringContaining(`Job ${plain.jobId} has no pilot to approve or reject`),
      ]);
    }
  },
);

test(
  'a run with no more rows than its pilot reports that all rows are sent at once',
  EXHAUSTIVE,
  async () => {
    const ended = await nightshift('run', 'good.jsonl', '--simulate', '--json', '--pilot', '5', '--again');

    expect(ended.stderr).toContain('No pilot: the job has 5 rows to send, and its pilot would have 5.');
    expect(summaryOf(ended)).toMatchObject({ status: 'succeeded', withoutPilot: { rows: 5, pilotRows: 5 } });
    const status = await nightshift('status', summaryOf(ended).jobId, '--json');
    expect(LINE_SCHEMAS.job.parse(JSON.parse(status.stdout))).toMatchObject({ withoutPilot: { rows: 5 } });
  },
);

/** Returns the job that waits for approval as soon as there is one. */
async function waitingJob(): Promise<string> {
  for (;;) {
    const { stdout } = await nightshift('list', '--status', 'waiting', '--json');
    const [line] = stdout.split('\n');
    if (line !== undefined && line !== '') return LINE_SCHEMAS.overview.parse(JSON.parse(line)).jobId;
  }
}
