import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../cli/commands/program.ts';
import { LINE_SCHEMAS } from './json-line-schemas.ts';

const DOC = readFileSync(new URL('../../docs/command-line.md', import.meta.url), 'utf8');
const program = await createProgram(() => Promise.resolve({ profiles: {} }));
const help = program.createHelp();
const commands = help.visibleCommands(program).filter((command) => command.name() !== 'help');

/** The text below a heading, up to the next heading of the same level. */
function section(heading: string): string {
  const level = heading.slice(0, heading.indexOf(' ') + 1);
  const [, after = ''] = DOC.split(`\n${heading}\n`);
  return after.split(`\n${level}`)[0] ?? '';
}

const matches = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map((match) => match[1] ?? '');

test('every command has a section, and every section is a command', () => {
  const headings = matches(section('## Commands'), /^### (.+)$/gm);

  expect(headings.toSorted()).toEqual(commands.map((command) => command.name()).toSorted());
});

describe.each(commands.map((command) => [command.name(), command] as const))('%s', (name, command) => {
  const text = section(`### ${name}`);

  test('has exactly the options of --help in its table', () => {
    const rows = matches(text, /^\| ((?:`-\w`, )?`--[^|]+`) \|/gm).map((cell) => cell.replaceAll('`', ''));
    const options = help.visibleOptions(command).filter(({ long }) => long !== '--help');

    expect(rows.toSorted()).toEqual(options.map(({ flags }) => flags).toSorted());
  });

  test('has the defaults and choices of each option', () => {
    const told = help.visibleOptions(command).flatMap(({ long, defaultValue, argChoices = [] }) => {
      const row = text.split('\n').find((line) => line.includes(`\`${long ?? ''} `)) ?? '';
      const missing = [...argChoices, ...(defaultValue === undefined ? [] : [String(defaultValue)])];
      return missing.filter((value) => !row.includes(value)).map((value) => `${long ?? ''}: ${value}`);
    });

    expect(told).toEqual([]);
  });

  test('has the arguments of the command', () => {
    const usage = help.visibleArguments(command).map((argument) => {
      const shown = `${argument.name()}${argument.variadic ? '...' : ''}`;
      return argument.required ? `<${shown}>` : `[${shown}]`;
    });

    expect(text).toContain(`\`nightshift ${[name, ...usage].join(' ')}\``);
  });
});

test('the fields of every type of line are those of its schema', () => {
  const rows = matches(section('## JSON'), /^\| (`.*) \|$/gm).map((row) => row.split(' | '));
  const told = Object.fromEntries(
    rows.map(([type = '', fields = '']) => [type.replaceAll('`', ''), matches(fields, /`(\w+\??)`/g)]),
  );
  const expected = Object.fromEntries(
    Object.entries(LINE_SCHEMAS).map(([type, { shape }]) => [
      type,
      Object.entries(shape)
        .filter(([field]) => field !== 'type')
        .map(([field, schema]) => (schema.safeParse(undefined).success ? `${field}?` : field)),
    ]),
  );

  expect(told).toEqual(expected);
});
