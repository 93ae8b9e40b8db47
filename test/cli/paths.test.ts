import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXHAUSTIVE } from '../support/exhaustive.ts';
import { exportAfterRun } from '../../cli/commands/export-table.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { openTempFolder } from '../support/temp-folder.ts';
import { runCli } from './run-cli.ts';

const TABLE = 'id,question\na,How far is the Moon?\n';
const ASK = ['--prompt', '{{question}}', '--simulate'];

/** The superuser may read and write every file. */
const isSuperuser = process.getuid?.() === 0;

describe('a path that was mistyped', () => {
  test.each([
    ['another letter', 'Umfrage Marz.csv', 'Umfrage März.csv'],
    ['another case', 'umfrage märz.CSV', 'Umfrage März.csv'],
    [
      'letters and accents apart, as macOS writes them',
      'Umfrage März.csv'.normalize('NFD'),
      'Umfrage März.csv',
    ],
    ['a folder above it', join('daten', 'fragn.csv'), join('daten', 'fragen.csv')],
  ])('is refused with the name of a similar file: %s', async (_, typed, meant) => {
    const folder = await openTempFolder();
    await mkdir(join(folder, 'daten'));
    await writeFile(join(folder, meant), TABLE);

    const { status, stderr } = await runCli(folder, ['run', typed, ...ASK]);

    expect(status).toBe(2);
    expect(stderr).toContain(
      `There is no file ${typed}. Did you mean ${JSON.stringify(meant.split('/').at(-1))}?`,
    );
    expect(await readdir(folder)).not.toContain('nightshift-data');
  });

  test('is refused without a suggestion if no file has a similar name', async () => {
    const folder = await openTempFolder();
    await writeFile(join(folder, 'questions.csv'), TABLE);

    const { stderr } = await runCli(folder, ['run', 'x.csv', ...ASK]);

    expect(stderr.trimEnd()).toMatch(/There is no file x\.csv\.$/);
  });

  test('that is a folder is refused as a folder', async () => {
    const folder = await openTempFolder();
    await mkdir(join(folder, 'tables.csv'));

    const { status, stderr } = await runCli(folder, ['run', 'tables.csv', ...ASK]);

    expect(status).toBe(2);
    expect(stderr).toContain('tables.csv is not a file. It is a folder: name the files in it.');
  });
});

describe('--out', () => {
  test.each(['answers.doc', 'answers.xls', 'answers.TXT', 'answers.json', 'answers.ods'])(
    'refuses %s, which is a file of another format, before anything is sent',
    async (out) => {
      const folder = await openTempFolder();
      await writeFile(join(folder, 'table.csv'), TABLE);

      const { status, stderr } = await runCli(folder, ['run', 'table.csv', ...ASK, '--out', out]);

      expect(status).toBe(2);
      expect(stderr).toContain(
        'Give a file that ends in .csv, .xlsx, .parquet, .jsonl, or the name of a folder.',
      );
      expect(await readdir(folder)).toEqual(['table.csv']);
    },
  );

  test.each(['run-1.5', 'results.v2', 'new/folder'])('takes %s for a folder', EXHAUSTIVE, async (out) => {
    const folder = await openTempFolder();
    await writeFile(join(folder, 'table.csv'), TABLE);

    const { status } = await runCli(folder, ['run', 'table.csv', ...ASK, '--out', out]);

    expect(status).toBe(0);
    expect(await readdir(join(folder, out))).toContain('results.jsonl');
  });

  test.skipIf(isSuperuser)(
    'refuses a folder that cannot be written to, before anything is sent',
    async () => {
      const folder = await openTempFolder();
      await writeFile(join(folder, 'table.csv'), TABLE);
      await mkdir(join(folder, 'locked'), { mode: 0o555 });

      const { status, stderr } = await runCli(folder, [
        'run',
        'table.csv',
        ...ASK,
        '--out',
        'locked/answers.csv',
      ]);

      expect(status).toBe(2);
      expect(stderr).toContain('--out: "locked" cannot be written to: this user has no permission (EACCES).');
      expect(await readdir(folder)).not.toContain('nightshift-data');
    },
  );

  test.skipIf(isSuperuser)('does not change a write-protected file, and sends nothing', async () => {
    const folder = await openTempFolder();
    await writeFile(join(folder, 'table.csv'), TABLE);
    await writeFile(join(folder, 'answers.csv'), 'mine');
    await chmod(join(folder, 'answers.csv'), 0o444);

    const { status, stderr } = await runCli(folder, ['run', 'table.csv', ...ASK, '--out', 'answers.csv']);

    expect(status).toBe(2);
    expect(stderr).toContain(
      '--out: answers.csv is write-protected, so it is not replaced. Name another file.',
    );
    expect(await readFile(join(folder, 'answers.csv'), 'utf8')).toBe('mine');
  });

  test(
    'that cannot be written after the job is an error with the command that writes another file',
    EXHAUSTIVE,
    async () => {
      const folder = await openTempFolder();
      await writeFile(join(folder, 'table.csv'), TABLE);
      const { stdout } = await runCli(folder, ['run', 'table.csv', ...ASK, '--json']);
      const summary = JSON.parse(stdout) as Summary;
      // Now the name belongs to a folder.
      await mkdir(join(folder, 'out', 'results.csv', 'full'), { recursive: true });

      const exported = exportAfterRun(createFolderStore(join(folder, 'nightshift-data')), summary, {
        format: 'csv',
        out: join(folder, 'out'),
        data: 'nightshift-data',
      });

      await expect(exported).rejects.toThrow(
        `nightshift results ${summary.jobId} --data nightshift-data --with-input --out <file>.csv`,
      );
    },
  );
});
