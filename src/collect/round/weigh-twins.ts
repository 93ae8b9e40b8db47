import type { Batch } from '../../provider/batch-provider.ts';
import type { RoundEvidence } from './read-round.ts';
import { sentOf } from './sent-requests.ts';

/** How a round's twins change its end. */
export type TwinDecision =
  /** Nothing: they have ended, or run on although every row has its result. */
  | { readonly next: 'end' }
  /** The round's batch brought no success; a twin that runs is collected in its place. */
  | { readonly next: 'follow'; readonly twin: Batch }
  | { readonly next: 'wait' | 'stop' };

/**
 * How long twins that were cancelled are waited for, in seconds: as long as any cancelled batch. Rows that only a twin may have
 * answered are then left to a resume; a twin of rows that have their results is reported as open.
 */
const TWIN_SECONDS = 3_600;

/** Decides about a round that is complete but for its twins. Rows that a twin may have answered are not paid for again. */
export function weighTwins(read: RoundEvidence, waited: number): TwinDecision {
  const { context, batch, index, twins, mayBringMore } = read;
  const running = twins.filter((twin) => twin.batch.phase === 'running');
  const isMissing = index.answered < sentOf(read);
  if (running.length === 0 && !(isMissing && mayBringMore)) return { next: 'end' };
  // Only a round with a batch comes back from a wait.
  const canWait = context.batchId !== undefined && waited < TWIN_SECONDS;
  const next = running.find(({ round }) => round === context.round);
  if (isMissing && canWait && next !== undefined && batch?.ending !== 'succeeded')
    return { next: 'follow', twin: next.batch };
  if (canWait) return { next: 'wait' };
  return isMissing ? { next: 'stop' } : { next: 'end' };
}
