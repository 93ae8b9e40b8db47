import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../local/commands/program.ts';

const ROOT = join(import.meta.dirname, '..');
const DOCS = ['README.md', ...globSync('docs/**/*.md', { cwd: ROOT })];
const SCRIPTS = (
  JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
).scripts;

const program = createProgram(() => ({ profiles: {} }));

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

  test('names only commands and options that are there', () => {
    const wrong = calls(read(doc)).flatMap(({ name, options }) => {
      const command = program.commands.find((known) => known.name() === name);
      const known = command?.options.map(({ long }) => long ?? '') ?? [];
      if (command === undefined) return [name];
      return options
        .filter((option) => !['--help', ...known].includes(option))
        .map((option) => `${name} ${option}`);
    });
    expect(wrong).toEqual([]);
  });
});

/** How the examples call the command line: as itself, through npx, or as a script of npm's. */
function calls(text: string): { readonly name: string; readonly options: readonly string[] }[] {
  const commands = text.matchAll(/^(?:\$ )?(?:npx )?nightshift ([a-z]+)(.*)$/gm);
  const scripts = text.matchAll(/^\$ npm (start|run simulator|run local)(?: -- (.*))?$/gm);
  return [...commands, ...scripts].map(([, called = '', rest = '']) => ({
    name: called === 'start' ? 'run' : called.replace('run ', ''),
    options: matches(rest.replace(/#.*$/, ''), /(--[a-z-]+)/g),
  }));
}
