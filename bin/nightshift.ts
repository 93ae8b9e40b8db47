import { EXIT } from '../cli/commands/exit-status.ts';
import { answerInterrupts } from '../cli/interrupts.ts';
import { prepareStepThread } from '../host/step-thread.ts';

// `nightshift run | head` closes the pipe; the paid job must still continue to its end.
for (const stream of [process.stdout, process.stderr]) stream.on('error', ignoreClosedPipe);

if (process.argv[2] === 'run') {
  // Reports a run that was interrupted before it began.
  answerInterrupts(EXIT.interrupted);
  // Before anything else is loaded: the thread takes as long to load as the command, and does so on another core.
  prepareStepThread();
}

const { main } = await import('../cli/main.ts');
await main(process.argv.slice(2));

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
