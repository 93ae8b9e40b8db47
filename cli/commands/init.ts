import { Command } from 'commander';
import { printable } from '../../src/text/printable.ts';
import { createProject } from '../init/create-project.ts';
import { print } from '../output.ts';

/** `nightshift init [folder]` creates a project that runs on this machine and on AWS. */
export function initCommand(): Command {
  return new Command('init')
    .description('create a project: a configuration, an example table, and a CDK app')
    .argument('[folder]', 'the folder, created if it does not exist', '.')
    .addHelpText('after', HELP)
    .action(async (folder: string) => {
      const written = await createProject(folder);
      for (const file of written) print(printable(`wrote ${file}`));
      const there = folder === '.' ? '' : `cd ${printable(folder)} && `;
      print(`\nNext: ${there}npm install && npm start`);
    });
}

const HELP = `
Files that exist are left alone: package.json and .gitignore get what they lack, any other stops the command before it
writes anything.`;
