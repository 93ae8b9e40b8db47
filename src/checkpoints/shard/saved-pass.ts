import { shardKey, stepKey, type ShardRef } from '../keys.ts';
import { storedObject } from '../stored-object.ts';

/**
 * A pass over the rows of a shard that takes several calls of a step: its position, and the data that its caller keeps for the
 * next call.
 */
export interface SavedPass<Carried = unknown> {
  /** The facts on which the written lines depend. If they have changed, the next call writes all rows again. */
  readonly basis: string;
  /** True if all rows are written, and only parts of files are left to join. */
  readonly isWhole: boolean;
  /** Number of rows that are written. */
  readonly rows: number;
  /** Bytes of each file that were read, by its key. */
  readonly positions: Readonly<Record<string, number>>;
  /** Bytes of the parts of each written file, in order: the first one is under the file's own key. */
  readonly parts: Readonly<Record<string, readonly number[]>>;
  readonly carried: Carried;
}

/** `merging.json`: the joining of a shard's rounds. */
export const mergingObject = storedObject<SavedPass, ShardRef>((ref) => shardKey(ref, 'merging.json'));

/** `step-<n>.climbing.json`: the end of a step of a shard's ladder. */
export const climbingObject = storedObject<SavedPass, ShardRef & { readonly nth: number }>((ref) =>
  stepKey(ref, ref.nth, 'climbing.json'),
);
