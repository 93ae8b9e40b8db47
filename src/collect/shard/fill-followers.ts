import { addCounts, rowsNotOk } from '../../checkpoints/outcomes.ts';
import { filledObject, type FilledShard, type FollowedRows } from '../../checkpoints/shard/filled.ts';
import type { Plan, ShardPlan } from '../../checkpoints/plan.ts';
import type { Pace } from '../../pace.ts';
import { ResultBlocks, type MergedShard } from '../../reuse/result-blocks.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { sumErrors } from '../counts/error-counts.ts';
import { addUsage, NO_USAGE } from '../../spending/usage.ts';
import { fillShard } from './fill-shard.ts';
import { FollowerTally } from './follower-tally.ts';
import { LeadingRows } from './leading-rows.ts';
import type { SettledShard } from './settle-shards.ts';

/** Counts of all rows of a job that earlier rows answer. */
export interface Followed extends FollowedRows {
  /**
   * Dead letters by shard, for shards with such rows: their lines are in `filled-results.jsonl` and `filled-dead-letters.jsonl`.
   */
  readonly filled: ReadonlyMap<number, number>;
}

interface FillJob {
  readonly plan: Plan;
  /** All shards of the plan, in order. */
  readonly shards: readonly SettledShard[];
  /** Identifies this end of the job, so that a repeated call does not fill in the same shard again. */
  readonly since: number;
  readonly pace: Pace;
}

/**
 * Writes result lines and dead letters of rows that other rows answer (an earlier row with the same request, or a row of the
 * pilot), in the shards that have such rows. The shards' own files stay unchanged, so it may run again.
 * @returns undefined when time ran short, and another call must do the rest
 * @throws CountsDoNotReconcile when a row that answers others has no result
 */
export async function fillFollowers(
  store: ObjectStore,
  jobId: string,
  { plan, shards, since, pace }: FillJob,
): Promise<Followed | undefined> {
  const filled: (FilledShard & { readonly shard: number })[] = [];
  const mergedOf = ({ shard, end }: SettledShard): MergedShard => ({
    jobId,
    shard,
    deadLetters: rowsNotOk(end.counts),
  });
  const lastRepeat = plan.shards.findLastIndex(({ deduplicated = 0 }) => deduplicated > 0);
  const lastFollower = plan.shards.findLastIndex(hasFollowers);
  const blocks = new ResultBlocks(store);
  const pilot = new ResultBlocks(store, plan.rows);
  for (const each of shards) if (plan.shards[each.shard]?.pilot === true) await pilot.add(mergedOf(each));
  const rows = new LeadingRows(plan.rows, blocks, pilot);
  for (const each of shards.slice(0, lastFollower + 1)) {
    const { shard } = each;
    const merged = mergedOf(each);
    // Earlier rows are in this shard or in an earlier one.
    if (shard <= lastRepeat) await blocks.add(merged);
    if (!hasFollowers(plan.shards[shard])) continue;
    const known = await filledObject.read(store, merged);
    if (known?.since === since) {
      filled.push({ shard, ...known });
      continue;
    }
    if (pace.mustStop) return undefined;
    filled.push({ shard, ...(await fill(store, merged, rows, since)) });
    pace.did();
  }
  return sumFilled(filled);
}

function hasFollowers({ deduplicated = 0, piloted = 0 }: Partial<ShardPlan> = {}): boolean {
  return deduplicated + piloted > 0;
}

async function fill(
  store: ObjectStore,
  shard: MergedShard,
  rows: LeadingRows,
  since: number,
): Promise<FilledShard> {
  const tally = new FollowerTally();
  const deadLetters = await fillShard(store, shard, { rows, tally });
  const filled = { since, deadLetters, ...tally.sums() };
  await filledObject.write(store, shard, filled);
  return filled;
}

function sumFilled(shards: readonly (FilledShard & { readonly shard: number })[]): Followed {
  return {
    rows: shards.reduce((sum, { rows }) => sum + rows, 0),
    counts: addCounts(shards.map(({ counts }) => counts)),
    errors: sumErrors(shards.map(({ errors }) => errors)),
    saved: shards.map(({ saved }) => saved).reduce(addUsage, NO_USAGE),
    filled: new Map(shards.map(({ shard, deadLetters }) => [shard, deadLetters])),
  };
}
