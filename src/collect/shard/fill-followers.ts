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

/** All rows of a job that earlier rows answer for. */
export interface Followed extends FollowedRows {
  /** Dead letters of the shards that have such rows: their lines are in `filled-results.jsonl` and `filled-dead-letters.jsonl`. */
  readonly filled: ReadonlyMap<number, number>;
}

interface FillJob {
  readonly plan: Plan;
  /** All that the plan has, in its order. */
  readonly shards: readonly SettledShard[];
  /** Which end of the job it is: what was filled in for it before is not filled in again. */
  readonly since: number;
  readonly pace: Pace;
}

/**
 * Gives rows that other rows answer for (an earlier one with the same request, or that of the pilot) their result lines and dead
 * letters, in the shards that have such rows. The shards' own files stay as they are, so that it may be done again.
 * @returns undefined when time ran short, and another call has to do the rest
 * @throws CountsDoNotReconcile when a row that answers for others has no result
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
    // Earlier rows are all in this shard, or in those before it.
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
