import { Command } from 'commander';
import type { NightshiftConfig } from '../../src/config/config.ts';
import { writeText } from '../output.ts';
import { addCompletion } from './completion.ts';
import { cancelCommand, listCommand, resumeCommand, statusCommand } from './job-commands.ts';
import { localCommand } from './local.ts';
import { planCommand } from './plan.ts';
import { retryCommand } from './retry.ts';
import { resultsCommand } from './results.ts';
import { runCommand } from './run.ts';
import { simulatorCommand } from './simulator.ts';
import { submitCommand } from './submit.ts';
import { sweepCommand } from './sweep.ts';
import { watchCommand } from './watch.ts';

/** The whole command line. The configuration is read only by the commands that need it. */
export function createProgram(loadConfig: () => NightshiftConfig): Command {
  const program = new Command('nightshift')
    .description('Batch inference without the batch work: a file of rows in, one result per row out.')
    .commandsGroup('On this machine:')
    .addCommand(runCommand(loadConfig))
    .addCommand(planCommand(loadConfig))
    .addCommand(localCommand(loadConfig))
    .addCommand(simulatorCommand())
    .commandsGroup('On a deployed stack (with --data, in a folder of this machine):')
    .addCommand(submitCommand(loadConfig))
    .addCommand(statusCommand())
    .addCommand(watchCommand())
    .addCommand(resultsCommand())
    .addCommand(cancelCommand(loadConfig))
    .addCommand(resumeCommand(loadConfig))
    .addCommand(retryCommand(loadConfig))
    .addCommand(listCommand())
    .addCommand(sweepCommand(loadConfig))
    .commandsGroup('Other:');
  addCompletion(program, loadConfig);
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .showHelpAfterError('Run with --help to see what there is.')
      // It repeats what was typed, which may be a hostile file's name.
      .configureOutput({
        writeOut: (text) => writeText(process.stdout, text),
        writeErr: (text) => writeText(process.stderr, text),
      });
  }
  return program;
}
