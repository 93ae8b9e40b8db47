import { shardKey, type ShardRef } from './keys.ts';
import { storedObject } from './stored-object.ts';
/** `shards/<n>/progress.json`: what the last poll saw. For people: nothing is decided by it. */
export interface Progress {
  readonly round: number;
  /** Absent while rows are sent direct. */
  readonly batchId?: string;
  /** The provider's string, verbatim; `direct` where there is no batch. */
  readonly status: string;
  readonly succeeded?: number | undefined;
  readonly total?: number | undefined;
  /** ISO 8601. */
  readonly polledAt: string;
  readonly nextPollAt: string;
}

export const progressObject = storedObject<Progress, ShardRef>((ref) => shardKey(ref, 'progress.json'));
