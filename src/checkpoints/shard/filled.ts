import type { ErrorCount, OutcomeCounts, Usage } from '../counts.ts';
import { shardKey, type ShardRef } from '../keys.ts';
import { storedObject } from '../stored-object.ts';

/** Counts of rows that were answered by an earlier row. */
export interface FollowedRows {
  readonly rows: number;
  readonly counts: OutcomeCounts;
  readonly errors: readonly ErrorCount[];
  /** The usage that separate answers would have had, which was saved. */
  readonly saved: Usage;
}

/** `shards/<n>/filled.json`: `filled-results.jsonl` and `filled-dead-letters.jsonl` are complete. */
export interface FilledShard extends FollowedRows {
  /** The end of the job for which the lines were written. */
  readonly since: number;
  readonly deadLetters: number;
}

export const filledObject = storedObject<FilledShard, ShardRef>((ref) => shardKey(ref, 'filled.json'));
