import type { ErrorCount, OutcomeCounts, Usage } from '../../checkpoints/counts.ts';
import { rowsNotOk } from '../../checkpoints/outcomes.ts';
import type { Plan } from '../../checkpoints/plan.ts';
import { ResultBlocks } from '../../reuse/result-blocks.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { fillShard } from './fill-shard.ts';
import { FollowerTally } from './follower-tally.ts';
import type { SettledShard } from './settle-shards.ts';

/** What became of the rows that earlier rows answer for. */
export interface Followed {
  readonly rows: number;
  readonly counts: OutcomeCounts;
  readonly errors: readonly ErrorCount[];
  /** What their answers would have cost. */
  readonly saved: Usage;
  /** Dead letters of the shards that have such rows: their lines are in `filled-results.jsonl` and `filled-dead-letters.jsonl`. */
  readonly filled: ReadonlyMap<number, number>;
}

/**
 * Gives rows that earlier rows answer for their result lines and dead letters, in the shards that have such rows. The shards' own
 * files stay as they are, so that it may be done again.
 * @returns undefined when the job has no such rows
 * @throws CountsDoNotReconcile when a row that answers for others has no result
 */
export async function fillFollowers(
  store: ObjectStore,
  jobId: string,
  plan: Plan,
  shards: readonly SettledShard[],
): Promise<Followed | undefined> {
  const last = plan.shards.findLastIndex(({ deduplicated = 0 }) => deduplicated > 0);
  if (last === -1) return undefined;
  const tally = new FollowerTally();
  const filled = new Map<number, number>();
  const blocks = new ResultBlocks(store);
  for (const { shard, end } of shards.slice(0, last + 1)) {
    const merged = { jobId, shard, deadLetters: rowsNotOk(end.counts) };
    // The rows that answer are all in this shard, or in those before it.
    await blocks.add(merged);
    const { deduplicated = 0 } = plan.shards[shard] ?? {};
    if (deduplicated > 0) filled.set(shard, await fillShard(store, merged, { blocks, tally }));
  }
  return { ...tally.sums(), filled };
}
