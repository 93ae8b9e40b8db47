import { shardKey, type ShardRef } from '../keys.ts';
import { storedObject } from '../stored-object.ts';
/** `shards/<n>/progress.json`: what the last poll saw, or what the shard waits for. For people: nothing is decided by it. */
export interface Progress {
  readonly round: number;
  /** Absent while rows are sent direct. */
  readonly batchId?: string;
  /** The provider's string, verbatim; `direct` where there is no batch, `waiting for …` while there is no room for one. */
  readonly status: string;
  /** Shards that get room before this one; absent when it does not wait for room. */
  readonly ahead?: number;
  /** When it gets room, estimated by how long the last batches took; absent while none has ended. ISO 8601. */
  readonly roomAt?: string;
  readonly succeeded?: number | undefined;
  readonly total?: number | undefined;
  /** ISO 8601. */
  readonly polledAt: string;
  /** Absent while the shard waits for room. */
  readonly nextPollAt?: string;
}

export const progressObject = storedObject<Progress, ShardRef>((ref) => shardKey(ref, 'progress.json'));
