import { roundKey, type RoundRef, type ShardRef } from '../keys.ts';
import { storedObject } from '../stored-object.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Failure } from '../../errors.ts';
import type { KnownCounts } from '../outcomes.ts';
import type { ErrorCount, ModelUsage, Usage } from '../counts.ts';
import type { Unexplained } from '../unexplained.ts';

/** `round-<r>.collected.json`: the result of one round of one shard. */
export interface Collected extends Unexplained {
  readonly round: number;
  readonly requests: number;
  /** Rows with their final outcome in this round. */
  readonly ok: number;
  readonly failed: number;
  readonly exhausted: number;
  /** Absent in checkpoints of version 0.1 and before. */
  readonly invalid_output?: number;
  /** Rows that are sent again in the next round. */
  readonly deferred: number;
  /** Bytes of the next round's requests; absent without such a round, and in checkpoints of version 0.1 and before. */
  readonly nextBytes?: number;
  /** The first unreadable lines. */
  readonly unreadableLines?: readonly UnreadableLine[];
  readonly usage: Usage;
  readonly models?: readonly ModelUsage[];
  /** Errors of the rows that have their final outcome in this round. */
  readonly errors?: readonly ErrorCount[];
  readonly batch: BatchRecord;
  /** `retry`: round + 1 has its requests; `done`: the shard is finished; `stop`: the account was denied. */
  readonly next: 'retry' | 'done' | 'stop';
  /** Set with `next: 'stop'`, and when the round failed as a whole. */
  readonly failure?: Failure | undefined;
  /** Set after the provider rejected a larger file: most bytes of a file in later rounds. */
  readonly maxUploadBytes?: number | undefined;
  /** Set when the step's provider accepts fewer requests per file. */
  readonly maxUploadRequests?: number | undefined;
  /** State of the search for a row that makes the whole file fail, when the provider does not name it. */
  readonly halving?: Halving | undefined;
  /** Ids of provider files that could not be deleted. */
  readonly left?: readonly string[];
  /** True if the provider may have another batch of the same rows, of this round or an earlier one. */
  readonly doubt?: true;
  /** The step of the ladder that the round belongs to; absent for the first one. */
  readonly step?: ShardStep | undefined;
  /** The step of the next round, set if the remaining rows went up. */
  readonly up?: ShardStep | undefined;
  /** Rows of this step that went up, by their outcome here; the counts of its rounds include them. */
  readonly raised?: KnownCounts | undefined;
  /** The batch was created and failed because too many tokens were enqueued; with the limit, if the provider names it. */
  readonly tokensRefused?: { readonly limit?: number } | undefined;
  /** True if the batch expired, and the rows without an answer leave the step for this reason. */
  readonly expired?: boolean | undefined;
  /** Set when the next round is not sent as a batch. */
  readonly sendNext?: 'direct' | undefined;
  /** Last round this shard may run; grows when a round cost nothing (stopped, or failed validation with lines named). */
  readonly lastRound: number;
}

/** Position of a shard on its ladder. */
export interface ShardStep {
  /** Number of the step after the first one, from 1. */
  readonly nth: number;
  /** The first round of the step. */
  readonly from: number;
}

/** One batch, as `collected.json` and `summary.json` record it. */
export interface BatchRecord {
  readonly shard: number;
  readonly round: number;
  readonly batchId: string | undefined;
  /** The provider's last status, verbatim; `direct` where the rows were sent without a batch. */
  readonly status: string | undefined;
  readonly requests: number;
  /** When the batch was created, ISO 8601; absent if it was never created. */
  readonly createdAt?: string | undefined;
  /** Seconds from the create to the collect. */
  readonly seconds: number | undefined;
  /** Only in a retry's batches: the number of the retry. */
  readonly retry?: number;
}

/** A result line of the provider's that cannot be read. */
export interface UnreadableLine {
  readonly file: 'output' | 'errors';
  /** 1-based. */
  readonly line: number;
  /** The first characters of the line. */
  readonly excerpt: string;
}

/** The search for the rows that make a provider fail a whole file without naming them. */
export interface Halving {
  /**
   * Number of requests at the front of the next round that contain at least one that makes the file fail; 0 if this is not known.
   */
  readonly suspects: number;
  /** Files that failed so far. */
  readonly failed: number;
  /**
   * Number of rows that failed alone, and whether any part was answered. If no part was answered, the next row may fail as well.
   */
  readonly guilty: number;
  readonly answered: boolean;
}

export const collectedObject = storedObject<Collected, RoundRef>((ref) =>
  roundKey(ref, ref.round, 'collected.json'),
);

/**
 * Results of the shard's rounds so far, in order.
 * @param end the first round that is not read; default: the first round without a result, which takes one more request
 */
export async function readCollected(
  store: ObjectStore,
  ref: ShardRef,
  end = Number.POSITIVE_INFINITY,
): Promise<Collected[]> {
  const rounds: Collected[] = [];
  for (let round = 1; round < end; round += 1) {
    const collected = await collectedObject.read(store, { ...ref, round });
    if (collected === undefined) return rounds;
    rounds.push(collected);
  }
  return rounds;
}
