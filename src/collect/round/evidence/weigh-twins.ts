import type { Batch } from '../../../provider/batch-provider.ts';
import type { RoundEvidence } from './read-round.ts';
import { sentOf } from './sent-requests.ts';

/** How a round's twins affect its end. */
export type TwinDecision =
  /** The round ends: its twins have ended, or are running although every row has its result. */
  | { readonly next: 'end' }
  /** The round's batch did not succeed, so a running twin is collected instead. */
  | { readonly next: 'follow'; readonly twin: Batch }
  | { readonly next: 'wait' | 'stop' };

/**
 * How long to wait for cancelled twins, in seconds: as long as for any cancelled batch. After that, rows that only a twin may
 * have answered wait for a resume, and a twin of rows with results is reported as open.
 */
const TWIN_SECONDS = 3_600;

/** Decides about a round that is complete except for its twins. Rows that a twin may have answered are not sent again. */
export function weighTwins(read: RoundEvidence, waited: number): TwinDecision {
  const { context, batch, index, twins, mayBringMore } = read;
  const running = twins.filter((twin) => twin.batch.phase === 'running');
  const isMissing = index.answered < sentOf(read);
  if (running.length === 0 && !(isMissing && mayBringMore)) return { next: 'end' };
  // Only a round with a batch can wait.
  const canWait = context.batchId !== undefined && waited < TWIN_SECONDS;
  const next = running.find(({ round }) => round === context.round);
  if (isMissing && canWait && next !== undefined && batch?.ending !== 'succeeded')
    return { next: 'follow', twin: next.batch };
  if (canWait) return { next: 'wait' };
  return isMissing ? { next: 'stop' } : { next: 'end' };
}
