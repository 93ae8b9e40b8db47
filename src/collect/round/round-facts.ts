import type { UploadCheckpoint } from '../../checkpoints/upload.ts';
import type { Job } from '../../checkpoints/job.ts';
import type { Batch } from '../../provider/batch-provider.ts';
import { lastRoundAfter, MAX_GIFTS, type RoundFacts } from './decide-row.ts';
import { failedBusy } from './ended-batch.ts';
import type { RoundIndex } from './round-index.ts';
import type { RoundToCollect } from './round-to-collect.ts';
import type { FileVerdict } from './judge-file.ts';

interface RoundFindings {
  readonly batch: Batch | undefined;
  readonly index: RoundIndex;
  readonly upload: UploadCheckpoint | undefined;
  readonly verdict: FileVerdict;
  /** The batch is left as it is: rows without an answer wait for a resume. */
  readonly isOpen: boolean;
}

/** What decides about the rows of a round, and about the one after it. */
export function roundFacts(
  { round, lastRound, givenBack, direct, cancelledAt }: CollectedRound,
  { batch, index, upload, verdict, isOpen }: RoundFindings,
  { rounds, provider, late }: Job['profile'],
): FoundFacts {
  const { requests, answered, halted } = index;
  const facts = {
    round,
    lastRound,
    refusal: verdict.refusal,
    halted: halted || isOpen,
    namedLines: verdict.named,
    searching: verdict.searching,
    sent: direct ? answered : givenBack === undefined ? (upload?.part?.requests ?? requests) : 0,
    givenBack: givenBack !== undefined || failedBusy(batch, provider.dialect.codes),
  };
  const last = lastRoundAfter({ ...facts, requests, answered }, rounds);
  // Rows that were answered for passing reasons are among those left: without an end they would be for ever.
  if (direct)
    return {
      ...facts,
      lastRound: Math.max(lastRound, Math.min(last, rounds + MAX_GIFTS)),
      sendNext: 'direct',
    };
  const expired = batch?.ending === 'expired' || cancelledAt !== undefined;
  const isLate = late !== undefined && !facts.halted && !facts.givenBack && (expired || round >= last);
  return isLate ? { ...facts, lastRound: round + 1, sendNext: 'direct' } : { ...facts, lastRound: last };
}

/** A round whose way is known. */
export type CollectedRound = RoundToCollect & {
  /** It was sent row by row. */
  readonly direct: boolean;
};

/** The facts, and how the next round is sent. */
export type FoundFacts = RoundFacts & { readonly sendNext?: 'direct' };
