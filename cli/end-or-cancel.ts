import { RunAborted } from '../host/run-job.ts';
import type { Summary } from '../src/checkpoints/summary.ts';
import type { SentSoFar } from '../host/sent-so-far.ts';
import { SECOND_INTERRUPT_MS, type Interrupts } from './interrupts.ts';
import { printError } from './output.ts';
import { describeInterrupt, isOpen } from './view/describe-interrupt.ts';

/**
 * Waits for a job.
 * @returns its summary; undefined if it was interrupted and can be resumed
 */
export async function endOrCancel(
  running: Promise<Summary>,
  interrupts: Interrupts,
  onEnd: () => Promise<void>,
): Promise<Summary | undefined> {
  try {
    return await running.finally(onEnd);
  } catch (error) {
    if (!(error instanceof RunAborted)) throw error;
    const known = await sayWhatWasSent(error);
    if (error.cancel === undefined || !isOpen(known)) return undefined;
    printError('Ctrl-C again cancels it at the provider.');
    if (!(await interrupts.second(SECOND_INTERRUPT_MS))) {
      const after = await error.sent();
      if (describeInterrupt(after) !== describeInterrupt(known)) printError(describeInterrupt(after));
      return undefined;
    }
    printError('Cancelling. What is finished at the provider is still collected.');
    return error.cancel();
  }
}

/**
 * Prints what was sent: immediately if something is already at the provider, otherwise after the steps that are still sending.
 */
async function sayWhatWasSent({ sentAtOnce, sent }: RunAborted): Promise<SentSoFar> {
  const now = await sentAtOnce();
  const known = isOpen(now) ? now : await sent();
  printError(describeInterrupt(known));
  return known;
}
