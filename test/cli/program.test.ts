import { Help } from 'commander';
import { expect, test } from 'vitest';
import { createProgram } from '../../cli/commands/program.ts';

const loadConfig = () => Promise.resolve({ profiles: {} });

const whole = await createProgram(loadConfig);

test('the list of commands shows the same arguments and descriptions as the commands', async () => {
  const listed = await createProgram(loadConfig, ['--help']);
  const help = listed.createHelp();

  const shown = help
    .visibleCommands(listed)
    .map((command) => [help.subcommandTerm(command), command.description()]);

  const plain = new Help();
  const defined = plain
    .visibleCommands(whole)
    .map((command) => [plain.subcommandTerm(command), command.description()]);
  expect(shown).toEqual(defined);
});

test('the named command has its options, also when it is the subject of help', async () => {
  for (const words of [['list'], ['help', 'list']]) {
    const program = await createProgram(loadConfig, words);
    const options = program.commands.find((command) => command.name() === 'list')?.options;

    expect(options?.map(({ long }) => long)).toContain('--limit');
  }
});

test('the command line as a whole has the options of each of its commands', () => {
  const named = ['run', 'list', 'results', 'submit'].map((name) =>
    whole.commands.find((command) => command.name() === name),
  );

  expect(named.map((command) => (command?.options.length ?? 0) > 0)).toEqual([true, true, true, true]);
});
