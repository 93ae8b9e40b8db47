import { readdirSync } from 'node:fs';
import tab from '@bomb.sh/tab/commander';
import type { OptionHandler } from '@bomb.sh/tab';
import type { Command } from 'commander';
import { printableLines } from '../../src/text/printable.ts';
import type { LoadConfig } from '../config/load-config.ts';

/**
 * `nightshift completion <shell>` prints a script that a shell sources once. The script calls the hidden command `nightshift
 * complete` for suggestions. Commands and options come from their definitions, profile names from the configuration.
 */
export async function addCompletion(program: Command, loadConfig: LoadConfig): Promise<void> {
  const profiles = await profileNames(loadConfig);
  const known = tab(program, { completionCommandName: 'completion' });
  for (const command of known.commands.values()) {
    const { options, arguments: positional } = command;
    const suggest = (found: { handler?: OptionHandler } | undefined, names: () => string[]): void => {
      if (found === undefined) return;
      found.handler = (complete) => {
        for (const name of names()) if (printableLines(name) === name) complete(name, '');
      };
    };
    suggest(options.get('profile'), () => profiles);
    for (const name of OPTIONS_OF_PATHS) suggest(options.get(name), pathsSoFar);
    suggest(positional.get('files') as { handler?: OptionHandler } | undefined, pathsSoFar);
  }
}

/** Profile names for suggestions. An invalid configuration gives none; the command itself reports the errors. */
async function profileNames(loadConfig: LoadConfig): Promise<string[]> {
  try {
    return Object.keys((await loadConfig()).profiles);
  } catch {
    return [];
  }
}

const OPTIONS_OF_PATHS = ['config', 'data', 'out', 'outputs', 'folder', 'script'];

/** Paths that complete the current word. The shell does not complete file names for a command with its own completion. */
function pathsSoFar(): string[] {
  const word = process.argv.at(-1) ?? '';
  const folder = word.slice(0, word.lastIndexOf('/') + 1);
  try {
    const entries = readdirSync(folder || '.', { withFileTypes: true });
    return entries.map((entry) => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`);
  } catch {
    // If the folder does not exist, there are no suggestions.
    return [];
  }
}
