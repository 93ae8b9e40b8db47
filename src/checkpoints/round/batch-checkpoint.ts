import { roundKey, type RoundRef } from '../keys.ts';
import { storedObject } from '../stored-object.ts';

/** Records of a round's batch before and after its create. */

/** `round-<r>.creating.json`: a create may have been sent. */
export interface CreateAnnouncement {
  /** Seconds since 1970; 0 if it is known that the create made no batch. */
  readonly at: number;
  /** The uploaded file that the batch was to be created from. */
  readonly fileId?: string;
  /** Name of the error that the provider returned. A batch is then unlikely, but the search in the list decides. */
  readonly refusedWith?: string;
  /**
   * Consecutive rejections for too many enqueued tokens while nothing else was enqueued: time of the first, in seconds since
   * 1970, and their number.
   */
  readonly alone?: { readonly since: number; readonly refusals: number } | undefined;
  /** The newest batches before the create; only at a provider whose batches do not show what they were created from. */
  readonly before?: readonly string[];
  /** Batches that may come from this create and cannot be distinguished yet. */
  readonly candidates?: readonly string[];
  /** When the list was last read to find the batch. */
  readonly lookedAt?: number;
  /** Seconds spent searching, added up in bounded steps, so that a jump of the clock does not count. */
  readonly waited?: number;
}

/** `round-<r>.batch.json`. Seconds since 1970, by our clock: a provider's may be hours ahead or behind. */
export interface BatchCheckpoint {
  readonly batchId: string;
  /** When the create was announced. */
  readonly createdAt: number;
  readonly deadline: number;
  readonly fileId?: string;
  /** True if the answer to a create was lost, so that another batch of the same rows may exist. */
  readonly doubt?: true;
}

export const creatingObject = storedObject<CreateAnnouncement, RoundRef>((ref) =>
  roundKey(ref, ref.round, 'creating.json'),
);

export const batchObject = storedObject<BatchCheckpoint, RoundRef>((ref) =>
  roundKey(ref, ref.round, 'batch.json'),
);
