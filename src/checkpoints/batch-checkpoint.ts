import { roundKey, type RoundRef } from './keys.ts';
import { storedObject } from './stored-object.ts';

/** What is written down about a round's batch, before and after it is created. */

/** `round-<r>.creating.json`: a create may be on its way. */
export interface CreateAnnouncement {
  /** Seconds since 1970; 0 once it is known that no batch came of it. */
  readonly at: number;
  /** The uploaded file that the batch was to be created from. */
  readonly fileId?: string;
  /** Name of the error that the provider answered with: a batch is then unlikely, but the list has the last word. */
  readonly refusedWith?: string;
  /** Refusals for too many enqueued tokens in a row, while nothing else was enqueued: since when, seconds since 1970, and how many. */
  readonly alone?: { readonly since: number; readonly refusals: number };
  /** The newest batches before the create, at a provider whose batches do not show what they were created from. */
  readonly before?: readonly string[];
  /** Batches that may be of this create, and that cannot be told yet. */
  readonly candidates?: readonly string[];
  /** When the list was last read in search of its batch. */
  readonly lookedAt?: number;
  /** Seconds for which it was searched for, by steps that are bounded: a clock that jumps does not count. */
  readonly waited?: number;
}

/** `round-<r>.batch.json`. Seconds since 1970, by our clock: a provider's may be hours ahead or behind. */
export interface BatchCheckpoint {
  readonly batchId: string;
  /** When the create was announced. */
  readonly createdAt: number;
  readonly deadline: number;
  readonly fileId?: string;
  /** The answer to a create was lost, so that there may be another batch of the same rows. */
  readonly doubt?: true;
}

export const creatingObject = storedObject<CreateAnnouncement, RoundRef>((ref) =>
  roundKey(ref, ref.round, 'creating.json'),
);

export const batchObject = storedObject<BatchCheckpoint, RoundRef>((ref) =>
  roundKey(ref, ref.round, 'batch.json'),
);
