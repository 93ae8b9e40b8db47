import { EXIT } from '../cli/commands/exit-status.ts';
import { answerInterrupts } from '../cli/interrupts.ts';
import { main } from '../cli/main.ts';

// `nightshift run | head` closes the pipe; the job, which is paid for, goes on to its end without it.
for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);

// A run that is interrupted before it began says so.
if (process.argv[2] === 'run') answerInterrupts(EXIT.interrupted);

await main(process.argv.slice(2));

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
