import { Command, CommanderError } from 'commander';
import config from '../nightshift.config.ts';
import { localCommand } from '../local/commands/local.ts';
import { runCommand } from '../local/commands/run.ts';
import { simulatorCommand } from '../local/commands/simulator.ts';
import { parseConfig, type NightshiftConfig } from '../src/config/config.ts';
import { InvalidRequest } from '../src/errors.ts';
import { EXIT } from '../local/commands/exit-status.ts';

const program = new Command('nightshift')
  .description('Batch inference without the batch work: a file of rows in, one result per row out.')
  .showHelpAfterError('Run with --help to see what there is.')
  .exitOverride();

// `nightshift run | head` closes the pipe; the job, which is paid for, goes on to its end without it.
for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);

try {
  const loadConfig = (): NightshiftConfig => parseConfig(config);
  program
    .addCommand(runCommand(loadConfig))
    .addCommand(localCommand(loadConfig))
    .addCommand(simulatorCommand());
  for (const command of program.commands) command.exitOverride();
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** Says what went wrong in one go, without a stack; commander has said its own errors already. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`nightshift: ${message}\n`);
  return error instanceof InvalidRequest ? EXIT.usage : EXIT.failed;
}
