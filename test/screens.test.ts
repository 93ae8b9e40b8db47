/** @module-tag exhaustive */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { CTRL_C, loadPty, openTerminal } from './cli/open-terminal.ts';
import { BIN } from './cli/spawn-cli.ts';
import { launchBrowser, SHOTS, watchPage } from './report/browser.ts';
import { openTempFolder } from './support/temp-folder.ts';
import { readLesson, wordsOf } from './tutorial-lessons.ts';

/** To write the page again: `npx vitest run test/screens.test.ts --update` */
const PAGE = join(import.meta.dirname, '..', 'docs', 'tutorials', 'screens.md');

const pty = await loadPty();

const FENCE = '```';

const HEADER = `# Screens of the tutorials

What a terminal shows after each command of the [analyst](analyst.md), the [operator](operator.md) and the [developer](developer.md). A test runs the
commands in a pseudo-terminal, in an empty folder, and writes this page. Ids, times and ports are replaced with fixed values.

While a job runs, its lines move. The page of \`npm run local\` at the time that rows are pasted and planned, and the report of a job:

![The page: rows are pasted, a profile is chosen, and the plan says what would be sent](page.png)

![A report: what was asked, what came of it, and the rows that need a look](report.png)
`;

/** Texts that differ between runs, with their replacements. */
const VARYING: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, '2026-11-23T22:00:00.000Z'],
  [/(?<="seconds":)\d+/g, '4'],
  [/-[0-9a-f]{16}/g, '-0123456789abcdef'],
  [/127\.0\.0\.1:\d+/g, '127.0.0.1:45741'],
  [/\d{4}-\d\d-\d\d \d\d:\d\d/g, '2026-11-23 22:00'],
  // The duration of a job at the end of its line.
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
    page += screen(command, steady(session.lines()).replaceAll(cwd, '~'));
  }
  if (name === 'analyst') await shootReport(join(cwd, data, 'output'));
  return page;
}

function screen(command: string, shown: string): string {
  return ['', FENCE + 'console', `$ ${command}`, shown, FENCE, ''].join('\n');
}

/** The responses to the developer's requests, from a host in another terminal that Ctrl-C stops. */
async function developersScreens(): Promise<string> {
  const cwd = await openTempFolder();
  const env = { PATH: process.env['PATH'] ?? '', HOME: cwd, NO_COLOR: '1' };
  const host = await openTerminal(process.execPath, [BIN, 'local', '--port', '0'], { cwd, env, rows: 60 });
  await host.sees(/Ctrl-C stops\./);
  const welcome = host.lines();
  const url = /http:\/\/127\.0\.0\.1:\d+(?=\/jobs)/.exec(welcome.join('\n'))?.[0] ?? '';
  let page = '';
  let jobId = '';
  let results = '';
  const { commands } = await readLesson('developer');
  for (const { command } of commands.filter((each) => each.command.startsWith('curl '))) {
    const words = wordsOf(
      command.replace('http://127.0.0.1:8080', url).replace('<jobId>', jobId).replace('<results>', results),
    );
    const session = await openTerminal('curl', words.slice(1), { cwd, env, rows: 60 });
    expect(await session.exited).toBe(0);
    const answer = session.written().replaceAll('\r', '').trimEnd().split('\n');
    page += screen(command, broken(steady(answer)));
    if (jobId !== '') continue;
    jobId = (JSON.parse(answer.join('')) as { jobId: string }).jobId;
    results = await endedResults(`${url}/jobs/${jobId}`);
  }
  await vi.waitFor(
    async () => expect(await statusOf(`${url}/jobs/${jobId}-retry-1`)).not.toBe('running'),
    60_000,
  );
  host.type(CTRL_C);
  expect(await host.exited).toBe(0);
  const stopped = host.lines().slice(host.lines().findLastIndex((line) => line.includes('Stopping')));
  const lines = [...welcome, '…', ...stopped.map((line) => line.replace('^C', ''))];
  return `\n## Developer\n${screen('npm run local', steady(lines))}${page}`;
}

/** Breaks long lines as a terminal does. Runs after the replacements, because they do not find broken ids. */
function broken(text: string): string {
  return text.replaceAll(/.{100}(?=.)/g, '$&\n');
}

interface JobAnswer {
  readonly status: string;
  readonly links: { readonly results?: string };
}

async function statusOf(job: string): Promise<string> {
  return ((await (await fetch(job)).json()) as JobAnswer).status;
}

/**
 * Waits for the end of a job.
 * @returns the URL of its results
 */
function endedResults(job: string): Promise<string> {
  return vi.waitFor(
    async () => {
      const { links } = (await (await fetch(job)).json()) as JobAnswer;
      if (links.results === undefined) throw new Error('The job has no results yet.');
      return links.results;
    },
    { timeout: 60_000, interval: 100 },
  );
}

/** Takes the screenshot of the report, which is copied into `docs/` by hand. */
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
  'The page of screens shows the current output of terminals',
  { timeout: 300_000 },
  async () => {
    const analyst = await screensOf('analyst', 'nightshift-data');
    const operator = await screensOf('operator', 'shift');
    const developer = await developersScreens();
    await expect(`${HEADER}${analyst}${operator}${developer}`).toMatchFileSnapshot(PAGE);
  },
);
