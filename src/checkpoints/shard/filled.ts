import type { ErrorCount, OutcomeCounts, Usage } from '../counts.ts';
import { shardKey, type ShardRef } from '../keys.ts';
import { storedObject } from '../stored-object.ts';

/** What became of rows that earlier rows answer for. */
export interface FollowedRows {
  readonly rows: number;
  readonly counts: OutcomeCounts;
  readonly errors: readonly ErrorCount[];
  /** What their answers would have cost. */
  readonly saved: Usage;
}

/** `shards/<n>/filled.json`: the shard's rows have all their lines, in `filled-results.jsonl` and `filled-dead-letters.jsonl`. */
export interface FilledShard extends FollowedRows {
  /** Which end of the job they were filled in for. */
  readonly since: number;
  readonly deadLetters: number;
}

export const filledObject = storedObject<FilledShard, ShardRef>((ref) => shardKey(ref, 'filled.json'));
