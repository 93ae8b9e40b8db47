import { shardKey, type ShardRef } from '../keys.ts';
import { storedObject } from '../stored-object.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { Failure } from '../../errors.ts';
import type { BatchRecord, UnreadableLine } from '../round/collected.ts';
import type { ErrorCount, ModelUsage, OutcomeCounts, StepCounts, Usage } from '../counts.ts';
import type { Unexplained } from '../unexplained.ts';

/** `shards/<n>/done.json` and, with a failure, `stopped.json`. */
export interface ShardEnd extends Unexplained {
  readonly counts: OutcomeCounts;
  readonly rounds: number;
  readonly usage: Usage;
  readonly models?: readonly ModelUsage[];
  /** Of a shard whose rows went up a ladder. */
  readonly steps?: readonly StepCounts[];
  readonly errors?: readonly ErrorCount[];
  readonly batches: readonly BatchRecord[];
  readonly unreadableLines?: readonly UnreadableLine[];
  /** Ids of files at the provider that could not be deleted, and of those of an open batch. */
  readonly left: readonly string[];
  /** The batch that the shard left as it is. */
  readonly open?: OpenBatch | undefined;
  /** Second batches of the same rows that still ran when the shard came to its end. */
  readonly twins?: readonly OpenBatch[];
  readonly failure?: Failure | undefined;
}

/** A batch that a stopped shard left open. A resume continues with it. */
export interface OpenBatch {
  readonly shard: number;
  readonly round: number;
  /** Absent when the answer to its create was lost: whether it exists is not known. */
  readonly batchId?: string;
  /** Then: batches that may be its own, at a provider whose batches do not show what they were created from. */
  readonly candidates?: readonly string[];
  /** The provider's last status, verbatim; absent when no poll saw the batch. */
  readonly status?: string;
  readonly createdAt?: string;
  /** Ids of its files at the provider, as far as they are known. */
  readonly files: {
    readonly input?: string | undefined;
    readonly output?: string | undefined;
    readonly errors?: string | undefined;
  };
  /** Why it was left. */
  readonly error: Pick<Failure, 'code' | 'message'>;
  /** What a resume does with it. */
  readonly onResume: string;
}

/** Every row of the shard has its final outcome. */
export const doneObject = storedObject<ShardEnd, ShardRef>((ref) => shardKey(ref, 'done.json'));

/** The shard went no further in its last execution. */
export const stoppedObject = storedObject<ShardEnd, ShardRef>((ref) => shardKey(ref, 'stopped.json'));

/** How the shard ended; undefined while it runs. */
export async function readShardEnd(store: ObjectStore, ref: ShardRef): Promise<ShardEnd | undefined> {
  return (await doneObject.read(store, ref)) ?? stoppedObject.read(store, ref);
}
