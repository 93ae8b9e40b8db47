import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../cli/commands/program.ts';
import { ROUTES } from '../src/config/routes.ts';

const ROOT = join(import.meta.dirname, '..');
const DOCS = globSync(['*.md', 'docs/**/*.md'], { cwd: ROOT }).toSorted();
/** Other files with commands. */
const SCRIPT_FILES = globSync(['examples/*.sh', '.ci/run', '.github/workflows/*.yml'], { cwd: ROOT });
const SCRIPTS = (
  JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
).scripts;

const program = await createProgram(() => Promise.resolve({ profiles: {} }));

const read = (doc: string): string => readFileSync(join(ROOT, doc), 'utf8');
const matches = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map((match) => match[1] ?? '');

test('documents and scripts are found', () => {
  expect(DOCS).toEqual(expect.arrayContaining(['README.md', 'CHANGELOG.md', 'docs/guide.md']));
  expect(SCRIPT_FILES).toEqual(expect.arrayContaining(['examples/walk.sh', '.ci/run']));
});

describe.each(DOCS)('%s', (doc) => {
  test('links only to existing files', () => {
    const links = matches(read(doc), /\]\((?!https?:)([^)#]+)/g);
    expect(links.filter((link) => !existsSync(join(ROOT, dirname(doc), link)))).toEqual([]);
  });

  test('links only to existing sections', () => {
    const links = [...prose(read(doc)).matchAll(/\]\((?!https?:)([^)#]*)#([^)]+)\)/g)];
    const wrong = links.filter(([, file = '', anchor = '']) => {
      const target = file === '' ? doc : join(dirname(doc), file);
      return !anchors(read(target)).has(anchor);
    });
    expect(wrong.map(([link]) => link)).toEqual([]);
  });

  test('names only existing files and folders', () => {
    const paths = matches(
      read(doc),
      /`((?:bin|lib|lambdas|src|cli|host|simulator|bench|build|tools|test|docs|examples|\.ci|\.github)\/[\w./-]*)`/g,
    );
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test('names only existing routes', () => {
    const known = Object.values(ROUTES).map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    const named = matches(read(doc), /`((?:GET|POST|PUT|DELETE) \/[^`?\s]*)[^`]*`/g);
    expect(named.filter((route) => !known.includes(route.replace('<jobId>', '{jobId}')))).toEqual([]);
  });
});

describe.each([...DOCS, ...SCRIPT_FILES])('%s', (doc) => {
  test('names only existing npm scripts', () => {
    const scripts = matches(read(doc), /npm run (?:--silent )?([\w:-]+)/g);
    expect(scripts.filter((script) => SCRIPTS[script] === undefined)).toEqual([]);
  });

  test('runs only existing tools and tests', () => {
    const tools = matches(read(doc), /npx ([\w-]+)/g).filter((tool) => tool !== 'nightshift');
    const tests = matches(read(doc), /npx vitest run ([\w./-]+)/g);
    const wanted = [...tools.map((tool) => `node_modules/.bin/${tool}`), ...tests];
    expect(wanted.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test('names only existing commands and options', () => {
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

/** A document without its code blocks, because a comment in one looks like a heading. */
function prose(text: string): string {
  return text.replaceAll(/^```[^]*?^```$/gm, '');
}

/** Anchors of the document's sections, named as on GitHub. */
function anchors(text: string): ReadonlySet<string> {
  const headings = matches(prose(text), /^#{1,6} (.+)$/gm);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Calls of the command line in a text: by its name, through npx or as an npm script, in an example or within a sentence. */
function calls(text: string): { readonly name: string; readonly options: readonly string[] }[] {
  const commands = text.matchAll(/(?:^|^\$ |^walk |`|npx )nightshift ([a-z]+)([^`\n|]*)/gm);
  const scripts = text.matchAll(/npm (start|run simulator|run local)(?: -- ([^`\n|]*))?/g);
  return [...commands, ...scripts].map(([, called = '', rest = '']) => ({
    name: called === 'start' ? 'run' : called.replace('run ', ''),
    options: matches(rest.replace(/#.*$/, ''), /(?<!\S)(--[a-z-]+)/g),
  }));
}
