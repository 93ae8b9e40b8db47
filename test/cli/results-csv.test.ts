import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { jobKey } from '../../src/checkpoints/keys.ts';
import { LINE_SCHEMAS } from './json-line-schemas.ts';
import { openCloud, type Cloud } from './open-cloud.ts';
import { loadPty, openTerminal } from './open-terminal.ts';
import { BIN, USER_ENV, type Exited } from './spawn-cli.ts';

/** Reorders and hides text, clears the screen, and starts like a formula. */
const HOSTILE = '=A\u202eB\u001b[8mC\u009b2J\u200b';

const ROWS = [
  { custom_id: 'a', prompt: `echo:${JSON.stringify({ label: HOSTILE, change: -1.5 })}` },
  { custom_id: '=b', prompt: 'echo:{"label":"fine","change":12345678901234567890,"more":"@x"}' },
  { custom_id: 'c [fail:INFERENCE_3207]', prompt: 'never' },
  { custom_id: 'd' },
];

const OVERRIDES = {
  model: 'm',
  output: {
    schema: {
      type: 'object',
      properties: { label: { type: 'string' }, change: { type: 'number' } },
      required: ['label'],
    },
  },
};

const HEADER =
  'custom_id,ok,outcome,answer,label,change,more,finish_reason,error_code,error_message,source_file,source_line';

const pty = await loadPty();
let cloud: Cloud;
let jobId: string;
let onStack: string;

beforeAll(async () => {
  cloud = await openCloud();
  const request = (inputs: object): string => JSON.stringify({ ...inputs, overrides: OVERRIDES });
  await writeFile(join(cloud.folder, 'local.job.json'), request({ rows: ROWS }));
  jobId = endOf(await cloud.nightshift('run', 'local.job.json', '--simulate', '--json', '--data', 'data'));

  await cloud.store.put('staged/rows.jsonl', ROWS.map((row) => `${JSON.stringify(row)}\n`).join(''));
  await writeFile(join(cloud.folder, 'stack.job.json'), request({ inputs: ['staged/rows.jsonl'] }));
  onStack = endOf(await cloud.nightshift('submit', 'stack.job.json', '--json', '--wait', '--interval', '1'));
}, 120_000);
afterAll(() => cloud[Symbol.asyncDispose]());

function endOf({ stdout }: Exited): string {
  return LINE_SCHEMAS.summary.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).jobId;
}

const csv = (...args: string[]): Promise<Exited> =>
  cloud.nightshift('results', jobId, '--data', 'data', '--format', 'csv', ...args);

describe('results as CSV', () => {
  test('have a row per input row, are safe in a spreadsheet, and keep texts and digits', async () => {
    const { status, stdout, stderr } = await csv();

    expect(status).toBe(0);
    expect(stdout.slice(0, HEADER.length + 3)).toBe(`\ufeff${HEADER}\r\n`);
    const rows = parse(stdout, { bom: true, columns: true, record_delimiter: '\r\n' });
    expect(rows).toMatchObject([
      { custom_id: 'a', ok: 'true', outcome: 'ok', label: `'${HOSTILE}`, change: '-1.5', more: '' },
      { custom_id: "'=b", label: 'fine', change: '12345678901234567890', more: "'@x", finish_reason: 'stop' },
      { custom_id: 'c [fail:INFERENCE_3207]', ok: 'false', answer: '', error_code: 'INFERENCE_3207' },
      { custom_id: 'd', outcome: 'invalid', error_code: 'NO_PROMPT' },
    ]);
    expect(stderr).toBe(
      '3 cells that a spreadsheet may read as a formula: an apostrophe was put before it. --raw leaves cells as they are.\n',
    );
  });

  test('are the same bytes in a pipe, in a file, and from a deployed stack', async () => {
    const { stdout } = await csv();

    const written = await csv('--out', 'new/answers.csv', '--json');
    const fromStack = await cloud.nightshift('results', onStack, '--format', 'csv');

    expect(await readFile(join(cloud.folder, 'new', 'answers.csv'), 'utf8')).toBe(stdout);
    expect(LINE_SCHEMAS.file.parse(JSON.parse(written.stdout))).toMatchObject({
      jobId,
      path: join('new', 'answers.csv'),
      bytes: Buffer.byteLength(stdout),
    });
    expect(await readdir(join(cloud.folder, 'new'))).toEqual(['answers.csv']);
    expect(fromStack.stdout).toBe(stdout);
  });

  test('are written as results.csv into an existing folder', async () => {
    await mkdir(join(cloud.folder, 'there'));

    const { stdout } = await csv('--out', 'there');

    expect(stdout).toBe(`${join('there', 'results.csv')}\n`);
    expect(await readdir(join(cloud.folder, 'there'))).toEqual(['results.csv']);
  });

  test('keep formulas with --raw, without a notice', async () => {
    const { stdout, stderr } = await csv('--raw');

    const rows = parse(stdout, { bom: true, columns: true });
    expect(rows).toMatchObject([{ label: HOSTILE }, { custom_id: '=b', more: '@x' }, {}, {}]);
    expect(stderr).toBe('');
  });

  test('take their columns from the rows if the checkpoints of the job are deleted', async () => {
    const job = await cloud.store.get(jobKey(onStack));
    await cloud.store.delete(jobKey(onStack));
    onTestFinished(() => cloud.store.put(jobKey(onStack), job ?? ''));

    const { stdout } = await cloud.nightshift('results', onStack, '--format', 'csv');

    expect(stdout.slice(1, stdout.indexOf('\r\n'))).toBe(HEADER);
  });

  test.each([
    [['--json'], '--json with --format csv needs --out <file>'],
    [['--parquet', '--out', 'x'], '--parquet and --format cannot be combined'],
    [['--out', join('local.job.json', 'x.csv')], 'could not be created'],
  ])('are refused with %j', async (args, message) => {
    const { status, stdout, stderr } = await csv(...args);

    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });

  test('are the only format that allows --raw', async () => {
    const { status, stderr } = await cloud.nightshift('results', jobId, '--data', 'data', '--raw');

    expect(stderr).toContain('--raw needs --format csv.');
    expect(status).toBe(2);
  });

  test.skipIf(pty === undefined)('are printed without effect on a terminal', async () => {
    const args = [BIN, 'results', jobId, '--format', 'csv', '--data', 'data'];
    const session = await openTerminal(process.execPath, args, {
      cwd: cloud.folder,
      env: USER_ENV,
      columns: 400,
    });

    expect(await session.exited).toBe(0);
    expect(session.lines()[0]).toBe(HEADER);
    expect(session.written()).toContain(String.raw`'=A\u202eB\u001b[8mC\u009b2J\u200b`);
    expect(session.written()).not.toMatch(/(?![\r\n])[\p{Cc}\p{Cf}]/u);
  });
});

test('a refused job has no table', async () => {
  const output = join(cloud.folder, 'data', 'output');
  const summary = LINE_SCHEMAS.summary.parse({
    type: 'summary',
    ...(JSON.parse(await readFile(join(output, jobId, 'summary.json'), 'utf8')) as object),
    jobId: 'refused-1',
    status: 'failed',
    results: undefined,
  });
  await mkdir(join(output, 'refused-1'));
  await writeFile(join(output, 'refused-1', 'summary.json'), JSON.stringify(summary));

  const { status, stderr } = await cloud.nightshift(
    'results',
    'refused-1',
    '--format',
    'csv',
    '--data',
    'data',
  );

  expect(stderr).toContain('Job refused-1 has no results: see nightshift status refused-1.');
  expect(status).toBe(2);
});
