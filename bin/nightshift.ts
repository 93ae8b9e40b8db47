import { CommanderError } from 'commander';
import { adviceFor } from '../cli/aws-advice.ts';
import { EXIT } from '../cli/commands/exit-status.ts';
import { createProgram } from '../cli/commands/program.ts';
import { loadConfig } from '../cli/config/load-config.ts';
import { answerInterrupts } from '../cli/interrupts.ts';
import { printError } from '../cli/output.ts';
import { InvalidRequest } from '../src/errors.ts';

// `nightshift run | head` closes the pipe; the job, which is paid for, goes on to its end without it.
for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);

// A run that is interrupted before it began says so.
if (process.argv[2] === 'run') answerInterrupts(EXIT.interrupted);

try {
  const program = await createProgram(loadConfig, process.argv.slice(2));
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
  const message = adviceFor(error) ?? (error instanceof Error ? error.message : String(error));
  printError(`nightshift: ${message}`);
  return error instanceof InvalidRequest ? EXIT.usage : EXIT.failed;
}
