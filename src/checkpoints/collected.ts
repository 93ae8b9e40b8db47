import { roundKey, type RoundRef, type ShardRef } from './keys.ts';
import { storedObject } from './stored-object.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { Failure } from '../errors.ts';
import type { KnownCounts } from './outcomes.ts';
import type { ErrorCount, ModelUsage, Usage } from './counts.ts';
import type { Unexplained } from './unexplained.ts';

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
  /** Rows that go to the next round. */
  readonly deferred: number;
  /** The first unreadable lines. */
  readonly unreadableLines?: readonly UnreadableLine[];
  readonly usage: Usage;
  readonly models?: readonly ModelUsage[];
  /** Of the rows with their final outcome in this round. */
  readonly errors?: readonly ErrorCount[];
  readonly batch: BatchRecord;
  /** `retry`: round + 1 has its requests; `done`: the shard is finished; `stop`: the account was denied. */
  readonly next: 'retry' | 'done' | 'stop';
  /** Set with `next: 'stop'`, and when the round failed as a whole. */
  readonly failure?: Failure | undefined;
  /** The provider took no larger file: most bytes of the files of the rounds after this one. */
  readonly maxUploadBytes?: number | undefined;
  /** The provider of the step takes no more requests in one file. */
  readonly maxUploadRequests?: number | undefined;
  /** The provider failed a file and did not name the row: the search for it. */
  readonly halving?: Halving | undefined;
  /** Ids of files at the provider that could not be deleted. */
  readonly left?: readonly string[];
  /** The provider may have another batch of the same rows, of this round or one before it. */
  readonly doubt?: true;
  /** The step of the ladder that the round belongs to; absent for the first one. */
  readonly step?: ShardStep | undefined;
  /** Its rows that are left went up: the step that the next round belongs to. */
  readonly up?: ShardStep | undefined;
  /** Rows of this step that went up, by the outcome that they had; they are counted in its rounds, too. */
  readonly raised?: KnownCounts | undefined;
  /** The batch was created and failed because too many tokens were enqueued; with the limit, where the provider names it. */
  readonly tokensRefused?: { readonly limit?: number } | undefined;
  /** The batch expired, and the rows without an answer leave the step for that. */
  readonly expired?: boolean | undefined;
  /** How the next round is sent, when not as a batch. */
  readonly sendNext?: 'direct' | undefined;
  /** Last round this shard may run; grows when a round cost nothing (stopped, or failed validation with lines named). */
  readonly lastRound: number;
}

/** Where a shard is on its ladder. */
export interface ShardStep {
  /** Counts the steps after the first one, from 1. */
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
  /** From then until it was collected. */
  readonly seconds: number | undefined;
  /** Of a retry's batch: which retry. */
  readonly retry?: number;
}

/** A result line of the provider's that cannot be read. */
export interface UnreadableLine {
  readonly file: 'output' | 'errors';
  /** 1-based. */
  readonly line: number;
  /** How it begins. */
  readonly excerpt: string;
}

/** The search for the rows that make a provider fail a whole file without naming them. */
export interface Halving {
  /** Requests at the front of the next round among which is one that makes the file fail; 0: none is known of. */
  readonly suspects: number;
  /** Files that failed so far. */
  readonly failed: number;
  /** Rows that failed by themselves, and whether any part was answered: without one, the next row may fail as well. */
  readonly guilty: number;
  readonly answered: boolean;
}

export const collectedObject = storedObject<Collected, RoundRef>((ref) =>
  roundKey(ref, ref.round, 'collected.json'),
);

/** The results of the shard's rounds so far, in order. */
export async function readCollected(store: ObjectStore, ref: ShardRef): Promise<Collected[]> {
  const rounds: Collected[] = [];
  for (let round = 1; ; round += 1) {
    const collected = await collectedObject.read(store, { ...ref, round });
    if (collected === undefined) return rounds;
    rounds.push(collected);
  }
}
