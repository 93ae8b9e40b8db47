import { doneObject } from '../../checkpoints/shard/shard-end.ts';
import type { Edges } from '../../edges.ts';
import { CountsDoNotReconcile } from '../../errors.ts';
import { readCollected, type Collected } from '../../checkpoints/round/collected.ts';
import { hasRoundZero, readShardPlan, type PlannedShard } from '../../checkpoints/plan.ts';
import type { ShardRef } from '../../checkpoints/keys.ts';
import { mergingObject, type SavedPass } from '../../checkpoints/shard/saved-pass.ts';
import { requireOtherFiles } from '../../checkpoints/shard/other-files.ts';
import { requireWholeRequests } from '../../checkpoints/round/whole-requests.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { CANCEL_ASKS_AGAIN, readOpenTwins } from '../../checkpoints/round/twins.ts';
import { mergeRounds } from './merge-rounds.ts';
import { sumRounds } from './sum-rounds.ts';

/**
 * Finishes a shard whose rows all have their final outcome: joins its rounds and writes `done.json`.
 * @param isAgain true if an earlier call may have joined some of the rows
 * @throws GoesOnLater when time ran short, and another call must join the rest
 */
export async function finishShard(
  { store, log, time }: Edges,
  planned: PlannedShard,
  { last, isAgain }: { readonly last: Collected; readonly isAgain: boolean },
): Promise<void> {
  const plan = await readShardPlan(store, planned);
  const { jobId, shard } = planned;
  const ref = { jobId, shard };
  const rounds = [...(await readCollected(store, ref, last.round)), last];
  await requireOtherFiles(store, planned);
  const unsent = hasRoundZero(plan);
  const only = last.round === 1 && !unsent ? last : undefined;
  const { step } = last;
  const nextRound = last.round + 1;
  const before = isAgain ? await mergingObject.read(store, ref) : undefined;
  const save = (pass: SavedPass): Promise<void> => mergingObject.write(store, ref, pass);
  const inCalls = { time, rows: plan.rows, before, save };
  const merged = await mergeRounds(store, {
    ref,
    nextRound,
    hasRoundZero: unsent,
    only,
    step,
    time: inCalls,
  });
  await checkRows(store, { ref: planned, rows: plan.rows, lastRound: last.round }, merged.rows);
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

interface ShardToCheck {
  readonly ref: PlannedShard;
  /** The planned number of rows. */
  readonly rows: number;
  readonly lastRound: number;
}

/**
 * Checks guarantee 1: every row has exactly one line.
 * @throws RequestsDamaged if damaged requests explain the difference; CountsDoNotReconcile otherwise
 */
export async function checkRows(
  store: ObjectStore,
  { ref, rows, lastRound }: ShardToCheck,
  written: number,
): Promise<void> {
  if (written === rows) return;
  for (let round = 1; round <= lastRound; round += 1) await requireWholeRequests(store, ref, round);
  throw doNotReconcile(ref, rows, written);
}

function doNotReconcile({ jobId, shard }: ShardRef, rows: number, settled: number): CountsDoNotReconcile {
  return new CountsDoNotReconcile(
    `Shard ${shard} of job ${jobId} has ${rows} rows but ${settled} results. Its files are kept under jobs/${jobId}/.`,
  );
}
