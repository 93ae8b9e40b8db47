import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lockFolder } from '../../host/lock.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { EXHAUSTIVE, tableOf } from '../support/exhaustive.ts';
import { openTempFolder } from '../support/temp-folder.ts';
import { runCli } from './run-cli.ts';

const TABLE = 'nr;product;review\r\n1;Lamp;Bright; \r\n2;Mug;never [fail:CONTENT_FILTER]\r\n3;;Fine\r\n';
const ASK = ['--prompt', '{{product}}: {{review}} as { nr }', '--id', 'nr', '--simulate'];

async function openTable(table = TABLE, name = 'reviews.csv') {
  const folder = await openTempFolder();
  await writeFile(join(folder, name), table);
  const nightshift = (...args: string[]) => runCli(folder, args);
  const run = async (...args: string[]): Promise<Summary> =>
    JSON.parse((await nightshift('run', name, ...args, '--json')).stdout) as Summary;
  return { folder, nightshift, run };
}

const timesIn = (text: string, part: string): number => text.split(part).length - 1;

describe('an input that is refused', () => {
  tableOf(
    [
      [['--prompt', '{{reviw}}', '--simulate'], 'reviews.csv has no column "reviw"'],
      [['--prompt', '{{review}}', '--id', 'number', '--simulate'], 'reviews.csv has no column "number"'],
      [['--prompt', 'Summarise {{review}', '--simulate'], 'The prompt names no column of reviews.csv'],
    ],
    1,
  ).test('is reported once, with advice and without counts: %j', async (args, message) => {
    const { nightshift } = await openTable();

    const { status, stdout, stderr } = await nightshift('run', 'reviews.csv', ...args);

    expect(status).toBe(1);
    expect(timesIn(stdout + stderr, message)).toBe(1);
    expect(stderr).toContain('Correct what the message names, and start a new job. Nothing was sent.');
    expect(stdout).not.toMatch(/0 rows|answers are made up; no provider was called/);
  });

  test('is reported on standard error in addition to the summary of --json', async () => {
    const { nightshift } = await openTable();

    const args = ['run', 'reviews.csv', '--prompt', '{{reviw}}', '--simulate', '--json'];
    const { stdout, stderr } = await nightshift(...args);

    expect(JSON.parse(stdout)).toMatchObject({ status: 'failed', failure: { name: 'InvalidInput' } });
    expect(timesIn(stderr, 'reviews.csv has no column "reviw"')).toBe(1);
  });
});

describe('an option with a value that it may not have', () => {
  test.each([
    ['run', ['--encoding', 'win-1252'], '--encoding: must be an encoding such as'],
    ['plan', ['--delimiter', '::'], '--delimiter: '],
    ['run', ['--endpoint', 'chat'], '--endpoint: '],
    ['plan', ['--rounds', '99'], '--rounds: '],
    ['plan', ['--pilot', '20000'], '--pilot: '],
  ])('is named as it was typed: %s %j', async (command, args, message) => {
    const { nightshift } = await openTable();
    const simulated = command === 'run' ? ['--simulate'] : [];

    const { status, stderr } = await nightshift(command, 'reviews.csv', ...args, ...simulated);

    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/job request|table\./);
  });
});

test.each([['--prompt', '{{review}}'], ['--id', 'nr'], ['--no-quotes']])(
  'options of a file without a file do not run the demo: %s',
  async (...args) => {
    const { nightshift } = await openTable();

    const { status, stdout, stderr } = await nightshift('run', ...args);

    expect(status).toBe(2);
    expect(stderr).toContain(`${args[0]} needs a file: nightshift run <file>`);
    expect(stdout).toBe('');
  },
);

describe('rows that are not ok', () => {
  test('are sent again, and their answers are written to --out', EXHAUSTIVE, async () => {
    const { folder, nightshift, run } = await openTable();
    const { jobId } = await run(...ASK, '--out', 'answers.csv');
    const before = await readFile(join(folder, 'answers.csv'), 'utf8');

    const { status, stdout } = await nightshift('retry', jobId, '--model', 'm', '--out', 'again.csv');

    expect(status).toBe(3);
    expect(stdout).toMatch(/^ {2}again\.csv$/m);
    expect(await readFile(join(folder, 'again.csv'), 'utf8')).toBe(before);
    expect((await nightshift('retry', jobId, '--out', 'again.doc')).stderr).toContain('not written as .doc');
  });

  test('of a refused retry are explained, and the exit status is that of the retry', EXHAUSTIVE, async () => {
    const { folder, nightshift, run } = await openTable();
    const profiles = {
      default: { model: 'm', prompt: '{{product}}: {{review}}' },
      other: { model: 'm', prompt: '{{none}}' },
    };
    await writeFile(join(folder, 'nightshift.config.json'), JSON.stringify({ profiles }));
    const { jobId } = await run('--simulate');

    const { status, stdout, stderr } = await nightshift('retry', jobId, '--profile', 'other');

    expect(status).toBe(1);
    expect(timesIn(stdout + stderr, 'has no column "none"')).toBe(1);
    expect(stderr).toContain('The retry failed: ');
  });
});

describe('a job', () => {
  // One job for all tests that do not change it: a run takes seconds.
  let folder: string;
  let jobId: string;
  let printed: string;
  const nightshift = (...args: string[]) => runCli(folder, args);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nightshift-ended-'));
    await writeFile(join(folder, 'reviews.csv'), TABLE);
    printed = (await nightshift('run', 'reviews.csv', ...ASK)).stdout;
    [, jobId = ''] = /^job (\S+)/m.exec(printed) ?? [];
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('shows once how its file was read, before its rows are sent', () => {
    const notice = 'reviews.csv: The prompt has { nr }, which is sent as it is; {{nr}}, with double braces,';

    expect(timesIn(printed, notice)).toBe(1);
    expect(printed.indexOf(notice)).toBeLessThan(printed.indexOf('status: '));
  });

  test('lists rows that are not ok by code, including unsent ones, at its end and in its status', async () => {
    const { stdout } = await nightshift('status');

    for (const text of [printed, stdout]) {
      expect(text).toContain('1 row failed: CONTENT_FILTER');
      expect(text).toContain('1 row invalid: MISSING_COLUMN Line 4: The row has no "product".');
    }
  });

  test('is found by the beginning of its id in commands that only read', async () => {
    for (const command of ['status', 'watch', 'results'])
      expect((await nightshift(command, 'review')).stdout).toContain(jobId);
    for (const command of ['cancel', 'resume', 'retry', 'approve', 'reject', 'forget']) {
      const { status, stderr } = await nightshift(command, 'review');
      expect(status).toBe(2);
      expect(stderr).toContain(`There is no job review in nightshift-data. Did you mean ${jobId}?`);
    }
  });

  test.each(['', '..', 'nightshift-data/output/review'])(
    'is not named by %j, in any command',
    async (text) => {
      for (const command of [
        'status',
        'watch',
        'results',
        'cancel',
        'resume',
        'retry',
        'approve',
        'forget',
      ]) {
        const { status, stderr } = await nightshift(command, text);
        expect([status, stderr]).toEqual([
          2,
          expect.stringContaining('It is not a jobId. See the list of jobs: nightshift list'),
        ]);
      }
    },
  );

  test(
    'is suggested for a misspelt id; if several ids start with the given one, all are named',
    EXHAUSTIVE,
    async () => {
      const table = await openTable();
      const first = await table.run(...ASK);
      const other = await table.run(...ASK, '--limit', '1');
      const slip = `${first.jobId.slice(0, -4)}${first.jobId.slice(-3)}`;

      expect((await table.nightshift('status', slip)).stderr).toContain(`Did you mean "${first.jobId}"?`);
      expect((await table.nightshift('results', 'reviews')).stderr).toContain(
        `2 jobs begin like this, newest first: ${other.jobId}, ${first.jobId}.`,
      );
      expect((await table.nightshift('status', 'z')).stderr).toContain(
        'See the list of jobs: nightshift list',
      );
    },
  );

  test('that has finished is not resumed, and the error names the command that sends its rows again', async () => {
    const { status, stderr } = await nightshift('resume', jobId);

    expect(status).toBe(2);
    expect(stderr).toContain(
      `there is nothing to resume. If rows are not ok, send them again: nightshift retry ${jobId}`,
    );
  });

  test('of another process is watched, and its answers are written as a table to --out', async () => {
    await using lock = await lockFolder(join(folder, 'nightshift-data'));
    await lock.announce('http://127.0.0.1:9');

    const { status, stderr } = await nightshift('run', 'reviews.csv', ...ASK, '--out', 'joined.csv');

    expect(status).toBe(3);
    expect(stderr).toContain('Another process works with "nightshift-data"');
    expect(stderr).toContain('Copied: joined.csv');
    const table = await readFile(join(folder, 'joined.csv'), 'utf8');
    expect(table).toMatch(/^\ufeffnr;product;review;ok;answer;error\r\n1;Lamp;Bright;true;/);
  });

  test('has its files in the same order and with relative paths in every command', async () => {
    const names = ['results.jsonl', 'dead-letters.jsonl', 'report.html', 'summary.json'];
    const shown = names.map((name) => `  nightshift-data/output/${jobId}/${name}`).join('\n');

    for (const args of [['run', 'reviews.csv', ...ASK], ['status'], ['watch', jobId], ['results', jobId]])
      expect((await nightshift(...args)).stdout).toContain(shown);
  });
});
