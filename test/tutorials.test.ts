import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from './cli/run-cli.ts';
import { openHost } from './host/open-host.ts';
import { EXHAUSTIVE } from './support/exhaustive.ts';
import { openTempFolder } from './support/temp-folder.ts';
import { readLesson, wordsOf } from './tutorial-lessons.ts';

/** Performs each tutorial: saves its files, runs its commands, and compares their output with the page. */

const LONG_MS = 300_000;

/** Checks that the output contains the lines of the page in their order. `…` stands for any text. */
function expectShown(output: string, shown: readonly string[]): void {
  const pieces = shown.flatMap((line) => line.split('…')).filter((piece) => piece.trim() !== '');
  let from = 0;
  for (const piece of pieces) {
    const at = output.indexOf(piece.trimEnd(), from);
    if (at < 0) throw new Error(`"${piece}" is not in the output:\n${output.slice(from)}`);
    from = at + piece.trimEnd().length;
  }
}

test.each([
  ['analyst', 'nightshift-data'],
  ['operator', 'shift'],
  ['embed-a-corpus', 'nightshift-data'],
])('all commands of the tutorial %s work', { ...EXHAUSTIVE, timeout: LONG_MS }, async (name, data) => {
  const { files, commands } = await readLesson(name);
  const folder = await openTempFolder();
  for (const { name: file, content } of files) await writeFile(join(folder, file), content);

  expect(files.length).toBeGreaterThan(0);
  for (const { command, shown } of commands) {
    const jobs = await readdir(join(folder, data, 'output')).catch(() => []);
    const jobId = jobs.findLast((job) => /^(?:failing|night|corpus)/.test(job)) ?? '';
    const words = wordsOf(command.replace('<jobId>', jobId));
    expect(words.slice(0, 2)).toEqual(['npx', 'nightshift']);
    const { status, stdout, stderr } = await runCli(folder, words.slice(2));

    expect({ status, stderr }).toMatchObject({ status: expect.toBeOneOf([0, 3]) });
    expectShown(stdout, shown);
  }
  if (name === 'embed-a-corpus') {
    const [monday, tuesday] = await Promise.all(
      ['monday', 'tuesday'].map((day) => vectorsOf(join(folder, `${day}.jsonl`))),
    );
    expect([tuesday?.get('p1'), tuesday?.get('p9')]).toEqual([monday?.get('p1'), monday?.get('p2')]);
    expect(tuesday?.get('p3')).not.toEqual(monday?.get('p3'));
  }
  if (name !== 'analyst') return;
  expect(await readFile(join(folder, 'failing-answers.csv'), 'utf8')).toContain('CONTENT_FILTER');
  expect((await readFile(join(folder, 'answers.xlsx'))).toString('latin1', 0, 2)).toBe('PK');
});

/** The vectors of the answers, by the ids of the rows. */
async function vectorsOf(file: string): Promise<Map<string, string>> {
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  return new Map(
    lines
      .map((line) => JSON.parse(line) as { id: string; answer: string })
      .map(({ id, answer }) => [id, answer]),
  );
}

test('all commands of the tutorial for developers work', { timeout: LONG_MS }, async () => {
  const { commands } = await readLesson('developer');
  const host = await openHost();
  const { url } = await host.start();
  let last: { jobId?: string; links?: { results?: string } } = {};
  let first = '';
  const calls = commands.filter(({ command }) => command.startsWith('curl '));
  expect(calls).toHaveLength(5);
  for (const { command, shown } of calls) {
    const words = wordsOf(
      command
        .replace('http://127.0.0.1:8080', url)
        .replace('<jobId>', first)
        .replace('<results>', last.links?.results ?? ''),
    );
    const headers = words.flatMap((word, n) =>
      words[n - 1] === '-H' ? [word.split(/: */) as [string, string]] : [],
    );
    const at = words.indexOf('-d');
    const body = at === -1 ? undefined : words[at + 1];
    const method = body !== undefined || words.includes('POST') ? 'POST' : 'GET';
    const address = words.find((word) => word.startsWith('http')) ?? '';
    const answer = await fetch(address, { method, headers, ...(body !== undefined && { body }) });
    const text = await answer.text();

    expectShown(text, shown);
    if (text.startsWith('{"jobId"')) last = JSON.parse(text) as typeof last;
    if (first === '') {
      first = last.jobId ?? '';
      await host.ended(1);
    }
  }
});
