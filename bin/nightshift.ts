import { EXIT } from '../cli/commands/exit-status.ts';
import { answerInterrupts } from '../cli/interrupts.ts';
import { main } from '../cli/main.ts';

// `nightshift run | head` closes the pipe; the paid job must still continue to its end.
for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);

// Reports a run that was interrupted before it began.
if (process.argv[2] === 'run') answerInterrupts(EXIT.interrupted);

await main(process.argv.slice(2));

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
