import type { Pilot, WithoutPilot } from '../checkpoints/pilot.ts';
import { counted, grouped } from '../text/counted.ts';

/**
 * Describes the state of a job's pilot in a sentence.
 * @param hasEnded true if the job has ended, so that it no longer waits
 */
export function describePilot({ state, rows, counts, until }: Pilot, hasEnded: boolean): string {
  if (state === 'running' || counts === undefined)
    return `Pilot: ${counted(rows, 'row')} of the job ${hasEnded ? 'were to be sent first; it ended before they had their answers' : 'are sent first'}.`;
  const answered = `Pilot: ${grouped(counts.ok)} of ${counted(rows, 'row')} ${counts.ok === 1 ? 'is' : 'are'} ok`;
  if (state !== 'waiting') return `${answered}${FOLLOWS[state]}.`;
  if (hasEnded) return `${answered}; the job ended before a person approved or rejected it.`;
  const limit = until === undefined ? '' : `, until ${until.slice(0, 16).replace('T', ' ')} UTC`;
  return `${answered}; the job waits for a person who approves or rejects it${limit}.`;
}

/** A sentence that explains why all rows of a job are sent at once. */
export function describeWithoutPilot({ rows, pilotRows }: WithoutPilot): string {
  return `No pilot: the job has ${counted(rows, 'row')} to send, and its pilot would have ${grouped(pilotRows)}. All are sent at once, without an approval.`;
}

const FOLLOWS: Readonly<Record<Exclude<Pilot['state'], 'running' | 'waiting'>, string>> = {
  passed: ', and the other rows follow',
  approved: '; a person approved the job, and the other rows follow',
  failed: ', and the other rows are not sent',
  rejected: '; a person rejected the job, and the other rows are not sent',
  unanswered: '; nobody approved the job in time, and the other rows are not sent',
};

/** True if a person may approve the job: it waits, or it has ended without its other rows. */
export function mayBeApproved({ state }: Pilot): boolean {
  return state === 'waiting' || state === 'failed' || state === 'rejected' || state === 'unanswered';
}
