import { CommanderError } from 'commander';
import { InvalidRequest, RequestConflict } from '../src/errors.ts';
import { adviceFor } from './aws-advice.ts';
import { EXIT } from './commands/exit-status.ts';
import { createProgram } from './commands/program.ts';
import { loadConfig } from './config/load-config.ts';
import { printError } from './output.ts';

/** Runs the command with these arguments, and sets the exit status of the process. */
export async function main(words: readonly string[]): Promise<void> {
  try {
    const program = await createProgram(loadConfig, words);
    await program.parseAsync(words, { from: 'user' });
  } catch (error) {
    process.exitCode = report(error);
  }
}

/**
 * Prints an error on one line, without a stack. Commander prints its own errors.
 * @returns the exit status
 */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const message = adviceFor(error) ?? (error instanceof Error ? error.message : String(error));
  printError(`nightshift: ${message}`);
  const isUsage = error instanceof InvalidRequest || error instanceof RequestConflict;
  return isUsage ? EXIT.usage : EXIT.failed;
}
