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
  /** Only for a shard whose rows went up a ladder. */
  readonly steps?: readonly StepCounts[];
  readonly errors?: readonly ErrorCount[];
  readonly batches: readonly BatchRecord[];
  readonly unreadableLines?: readonly UnreadableLine[];
  /** Ids of provider files that could not be deleted, and of files of an open batch. */
  readonly left: readonly string[];
  /** The batch that the shard left open. */
  readonly open?: OpenBatch | undefined;
  /** Twins that were still running when the shard ended. */
  readonly twins?: readonly OpenBatch[];
  readonly failure?: Failure | undefined;
}

/** A batch that a stopped shard left open. A resume continues with it. */
export interface OpenBatch {
  readonly shard: number;
  readonly round: number;
  /** Absent if the answer to its create was lost: the batch may or may not exist. */
  readonly batchId?: string;
  /** Batches that may be the one of a lost create, at a provider whose batches do not show what they were created from. */
  readonly candidates?: readonly string[];
  /** The provider's last status, verbatim; absent if no poll saw the batch. */
  readonly status?: string;
  readonly createdAt?: string;
  /** Ids of its files at the provider, as far as they are known. */
  readonly files: {
    readonly input?: string | undefined;
    readonly output?: string | undefined;
    readonly errors?: string | undefined;
  };
  /** Why the batch was left open. */
  readonly error: Pick<Failure, 'code' | 'message'>;
  /** The action of a resume for this batch. */
  readonly onResume: string;
}

/** Every row of the shard has its final outcome. */
export const doneObject = storedObject<ShardEnd, ShardRef>((ref) => shardKey(ref, 'done.json'));

/** Why the shard stopped in its last execution. */
export const stoppedObject = storedObject<ShardEnd, ShardRef>((ref) => shardKey(ref, 'stopped.json'));

/** How the shard ended; undefined while it runs. */
export async function readShardEnd(store: ObjectStore, ref: ShardRef): Promise<ShardEnd | undefined> {
  return (await doneObject.read(store, ref)) ?? stoppedObject.read(store, ref);
}
