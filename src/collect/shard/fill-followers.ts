import { addCounts, rowsNotOk } from '../../checkpoints/outcomes.ts';
import { filledObject, type FilledShard, type FollowedRows } from '../../checkpoints/shard/filled.ts';
import type { Plan, ShardPlan } from '../../checkpoints/plan.ts';
import type { Pace } from '../../pace.ts';
import { ResultBlocks, type MergedShard } from '../../reuse/result-blocks.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { sumErrors } from '../counts/error-counts.ts';
import { addUsage, NO_USAGE } from '../../spending/usage.ts';
import { sideBySide } from '../../concurrency/side-by-side.ts';
import { fillShard } from './fill-shard.ts';
import { FollowerTally } from './follower-tally.ts';
import { KeptBlocks } from './kept-blocks.ts';
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
  /** True if an earlier call of this end may have begun. */
  readonly isAgain: boolean;
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
  job: FillJob,
): Promise<Followed | undefined> {
  const { plan, shards, since, isAgain } = job;
  const withFollowers = shards.filter(({ shard }) => hasFollowers(plan.shards[shard]));
  const read = await sideBySide(withFollowers, ({ shard }) => filledObject.read(store, { jobId, shard }));
  const filled = new Map<number, FilledShard>();
  for (const [n, { shard }] of withFollowers.entries()) {
    const known = read[n];
    if (known?.since === since) filled.set(shard, known);
  }
  const open = withFollowers.filter(({ shard }) => !filled.has(shard));
  if (open.length > 0) {
    const kept = await KeptBlocks.open(store, { jobId, since }, isAgain);
    const isWhole = await fillOpen(store, jobId, { ...job, open, kept, filled });
    if (!isWhole) {
      await kept.save();
      return undefined;
    }
  }
  return sumFilled(withFollowers.flatMap(({ shard }) => ({ shard, ...required(filled, shard) })));
}

interface OpenShards extends FillJob {
  /** The shards that are not filled yet, in order. */
  readonly open: readonly SettledShard[];
  readonly kept: KeptBlocks;
  /** Receives the shards that are filled. */
  readonly filled: Map<number, FilledShard>;
}

/**
 * Writes the lines of rows that other rows answer, shard by shard.
 * @returns false when time ran short
 */
async function fillOpen(
  store: ObjectStore,
  jobId: string,
  { plan, shards, since, pace, open, kept, filled }: OpenShards,
): Promise<boolean> {
  const mergedOf = ({ shard, end }: SettledShard): MergedShard => ({
    jobId,
    shard,
    deadLetters: rowsNotOk(end.counts),
  });
  /**
   * Adds the result lines of a shard to those in which answers are searched.
   * @returns false when no time is left to read the shard's lines
   */
  const addTo = async (blocks: ResultBlocks, each: SettledShard): Promise<boolean> => {
    const known = kept.find(each.shard);
    if (known === undefined && pace.mustStop) return false;
    const added = await blocks.add(mergedOf(each), known);
    if (known !== undefined) return true;
    kept.add(each.shard, added);
    pace.did();
    return true;
  };
  const lastRepeat = plan.shards.findLastIndex(({ deduplicated = 0 }) => deduplicated > 0);
  const blocks = new ResultBlocks(store);
  const pilot = new ResultBlocks(store, plan.rows);
  for (const each of shards)
    if (plan.shards[each.shard]?.pilot === true && !(await addTo(pilot, each))) return false;
  const rows = new LeadingRows(plan.rows, blocks, pilot);
  const toFill = new Set(open.map(({ shard }) => shard));
  for (const each of shards.slice(0, 1 + (open.at(-1)?.shard ?? -1))) {
    const { shard } = each;
    // Earlier rows are in this shard or in an earlier one.
    if (shard <= lastRepeat && !(await addTo(blocks, each))) return false;
    if (!toFill.has(shard)) continue;
    if (pace.mustStop) return false;
    filled.set(shard, await fill(store, mergedOf(each), rows, since));
    pace.did();
  }
  return true;
}

function required(filled: ReadonlyMap<number, FilledShard>, shard: number): FilledShard {
  const found = filled.get(shard);
  if (found === undefined) throw new Error(`Shard ${shard} has rows without their results.`);
  return found;
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
