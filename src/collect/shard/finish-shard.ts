import { doneObject } from '../../checkpoints/shard/shard-end.ts';
import type { Edges } from '../../edges.ts';
import { CountsDoNotReconcile } from '../../errors.ts';
import { readCollected, type Collected } from '../../checkpoints/round/collected.ts';
import { hasRoundZero, readShardPlan, type PlannedShard, type ShardPlan } from '../../checkpoints/plan.ts';
import type { ShardRef } from '../../checkpoints/keys.ts';
import { CANCEL_ASKS_AGAIN, readOpenTwins } from '../../checkpoints/round/twins.ts';
import { mergeRounds } from './merge-rounds.ts';
import { sumRounds } from './sum-rounds.ts';

/** Finishes a shard whose rows all have their final outcome: joins its rounds and writes `done.json`. */
export async function finishShard(
  { store, log }: Edges,
  planned: PlannedShard,
  last: Collected,
): Promise<void> {
  const plan = await readShardPlan(store, planned);
  const { jobId, shard } = planned;
  const ref = { jobId, shard };
  const rounds = [...(await readCollected(store, ref)).filter(({ round }) => round < last.round), last];
  const unsent = hasRoundZero(plan);
  const only = last.round === 1 && !unsent ? last : undefined;
  const { step } = last;
  const nextRound = last.round + 1;
  const merged = await mergeRounds(store, { ref, nextRound, hasRoundZero: unsent, only, step });
  checkRows(ref, plan, merged.rows);
  const at = { lastRound: last.round, onResume: CANCEL_ASKS_AGAIN };
  const twins = rounds.some(({ doubt }) => doubt === true) ? await readOpenTwins(store, ref, at) : [];
  const end = { ...sumRounds(plan, rounds, { twins }), ...merged.ends };
  const exhausted = rounds.reduce((sum, round) => sum + round.exhausted, 0);
  if (merged.ends === undefined && end.counts.exhausted !== exhausted)
    throw doNotReconcile(ref, plan.rows, plan.rows - end.counts.exhausted);
  await doneObject.write(store, ref, end);
  for (const { round, batchId, status, error } of twins)
    log('batch_left_open', { ...ref, round, batchId, status, code: error.code });
}

/**
 * Checks guarantee 1: every row has exactly one line.
 * @throws CountsDoNotReconcile
 */
export function checkRows(ref: ShardRef, { rows }: ShardPlan, written: number): void {
  if (written !== rows) throw doNotReconcile(ref, rows, written);
}

function doNotReconcile({ jobId, shard }: ShardRef, rows: number, settled: number): CountsDoNotReconcile {
  return new CountsDoNotReconcile(
    `Shard ${shard} of job ${jobId} has ${rows} rows but ${settled} results. Its files are kept under jobs/${jobId}/.`,
  );
}
