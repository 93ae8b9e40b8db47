import { addSent, sentSoFar, type SentSoFar } from '../host/sent-so-far.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { SECOND_INTERRUPT_MS, type Interrupts } from './interrupts.ts';
import { print } from './output.ts';
import { describeStop, isOpen } from './view/describe-interrupt.ts';

/** A host that is being stopped. */
export interface Stopping {
  readonly store: ObjectStore;
  /** The jobs of this host that have not ended. */
  readonly openJobs: () => Promise<readonly string[]>;
  /** Ends the host after the steps that are sending. */
  readonly stop: () => PromiseLike<void>;
  readonly interrupts: Interrupts;
}

/**
 * Stops a host, and reports what is left at the provider: immediately, and again if the last steps sent something.
 * @returns true if a second Ctrl-C asks to cancel what is at the provider
 */
export async function stopLocal(stopping: Stopping): Promise<boolean> {
  const before = await look(stopping);
  say(before);
  await stopping.stop();
  const after = await look(stopping);
  if (before.text !== after.text) say(after);
  return isOpen(after.sent) && stopping.interrupts.second(SECOND_INTERRUPT_MS);
}

interface Left {
  readonly sent: SentSoFar;
  readonly text: string;
}

async function look({ store, openJobs }: Stopping): Promise<Left> {
  const jobs = await openJobs();
  const sent = addSent(await Promise.all(jobs.map((jobId) => sentSoFar(store, jobId))));
  return { sent, text: describeStop(jobs.length, sent) };
}

function say({ sent, text }: Left): void {
  print(text);
  if (isOpen(sent)) print('Ctrl-C again cancels it at the provider.');
}
