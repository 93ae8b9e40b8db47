/** @module-tag exhaustive */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { loadPty, openTerminal } from './cli/open-terminal.ts';
import { BIN } from './cli/spawn-cli.ts';
import { launchBrowser, SHOTS, watchPage } from './report/browser.ts';
import { openTempFolder } from './support/temp-folder.ts';
import { readLesson, wordsOf } from './tutorial-lessons.ts';

/** `npx vitest run test/screens.test.ts -u` writes the page anew. */
const PAGE = join(import.meta.dirname, '..', 'docs', 'tutorials', 'screens.md');

const pty = await loadPty();

const FENCE = '```';

const HEADER = `# Screens of the tutorials

What a terminal shows after each command of the [analyst](analyst.md) and of the [operator](operator.md). A test runs the commands in a
pseudo-terminal, in an empty folder, and writes this page. Ids, times and ports are made the same each time.

While a job runs, its lines move. The page of \`npm run local\` at the time that rows are pasted and planned, and the report of a job:

![The page: rows are pasted, a profile is chosen, and the plan says what would be sent](page.png)

![A report: what was asked, what came of it, and the rows that need a look](report.png)
`;

/** What differs from run to run. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/-[0-9a-f]{16}/g, '-0123456789abcdef'],
  [/127\.0\.0\.1:\d+/g, '127.0.0.1:45741'],
  [/\d{4}-\d\d-\d\d \d\d:\d\d/g, '2026-11-23 22:00'],
  // Of how long a job took, which ends its line.
  [/(?<=· | {2})(?:\d+m )?\d+(?: ?s)$/gm, '4s'],
];

function steady(lines: readonly string[]): string {
  return VARYING.reduce((text, [pattern, same]) => text.replaceAll(pattern, same), lines.join('\n'));
}

async function screensOf(name: string, data: string): Promise<string> {
  const { files, commands } = await readLesson(name);
  const cwd = await openTempFolder();
  for (const { name: file, content } of files) await writeFile(join(cwd, file), content);
  let page = `\n## ${name === 'analyst' ? 'Analyst' : 'Operator'}\n`;
  for (const { command } of commands) {
    const jobs = await readdir(join(cwd, data, 'output')).catch(() => []);
    const jobId = jobs.findLast((job) => /^(?:failing|night)/.test(job)) ?? '';
    const args = [BIN, ...wordsOf(command.replace('<jobId>', jobId)).slice(2)];
    const env = { PATH: process.env['PATH'] ?? '', HOME: cwd, NO_COLOR: '1' };
    const session = await openTerminal(process.execPath, args, { cwd, env, rows: 60 });
    expect(await session.exited).toBeOneOf([0, 3]);
    page += [
      '',
      FENCE + 'console',
      `$ ${command}`,
      steady(session.lines()).replaceAll(cwd, '~'),
      FENCE,
      '',
    ].join('\n');
  }
  if (name === 'analyst') await shootReport(join(cwd, data, 'output'));
  return page;
}

/** The picture of the page, which is put into `docs/` by hand. */
async function shootReport(output: string): Promise<void> {
  const browser = await launchBrowser();
  if (typeof browser === 'string') return;
  onTestFinished(() => browser.close());
  const jobId = (await readdir(output)).find((job) => job.startsWith('reviews')) ?? '';
  const { page, trouble } = await watchPage(browser);
  await page.goto(pathToFileURL(join(output, jobId, 'report.html')).href);
  await page.setViewportSize({ width: 900, height: 1_000 });
  await mkdir(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, 'tutorial-report.png') });
  expect(trouble).toEqual([]);
}

test.skipIf(pty === undefined)(
  'The page of screens shows what terminals show',
  { timeout: 300_000 },
  async () => {
    const analyst = await screensOf('analyst', 'nightshift-data');
    const operator = await screensOf('operator', 'shift');
    await expect(`${HEADER}${analyst}${operator}`).toMatchFileSnapshot(PAGE);
  },
);
