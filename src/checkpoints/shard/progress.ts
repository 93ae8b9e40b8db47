import { shardKey, type ShardRef } from '../keys.ts';
import { storedObject } from '../stored-object.ts';
/**
 * `shards/<n>/progress.json`: the state at the last poll, or what the shard waits for. It is shown to people; no decision
 * depends on it.
 */
export interface Progress {
  readonly round: number;
  /** Absent while rows are sent direct. */
  readonly batchId?: string;
  /** The provider's string, verbatim; `direct` where there is no batch, `waiting for …` while there is no room for one. */
  readonly status: string;
  /** True if that status is not known, so that the batch counts as running. */
  readonly isUnknown?: true;
  /** Shards that get room before this one; absent unless it waits for room. */
  readonly ahead?: number;
  /** When it gets room (ISO 8601), estimated from the duration of the last batches; absent until one has ended. */
  readonly roomAt?: string;
  readonly succeeded?: number | undefined;
  readonly total?: number | undefined;
  /** ISO 8601. */
  readonly polledAt: string;
  /** Absent while the shard waits for room. */
  readonly nextPollAt?: string;
}

export const progressObject = storedObject<Progress, ShardRef>((ref) => shardKey(ref, 'progress.json'));
