import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCommand } from '../local/commands/run.ts';
import { simulatorCommand } from '../local/commands/simulator.ts';

const ROOT = join(import.meta.dirname, '..');
const DOCS = ['README.md', ...globSync('docs/**/*.md', { cwd: ROOT })];
const SCRIPTS = (
  JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
).scripts;

const read = (doc: string): string => readFileSync(join(ROOT, doc), 'utf8');
const matches = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map((match) => match[1] ?? '');

describe.each(DOCS)('%s', (doc) => {
  test('links only to what is there', () => {
    const links = matches(read(doc), /\]\((?!https?:)([^)#]+)/g);
    expect(links.filter((link) => !existsSync(join(ROOT, dirname(doc), link)))).toEqual([]);
  });

  test('names only files and folders that are there', () => {
    const paths = matches(read(doc), /`((?:bin|lib|lambdas|src|local|test|docs|examples)\/[\w./-]*)`/g);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test('names only commands that are there', () => {
    const scripts = matches(read(doc), /npm run ([\w:-]+)/g);
    expect(scripts.filter((script) => SCRIPTS[script] === undefined)).toEqual([]);
  });

  test('names only options that are there', () => {
    const known = [runCommand(() => ({ profiles: {} })), simulatorCommand()].flatMap(({ options }) =>
      options.map(({ long }) => long ?? ''),
    );
    const own = read(doc)
      .split('\n')
      .filter((line) => /^\$ npm (start|run simulator)/.test(line))
      .flatMap((line) => matches(line, /(--[a-z-]+)/g));
    expect(own.filter((option) => !['--help', ...known].includes(option))).toEqual([]);
  });
});
