import { shardKey, type ShardRef } from '../../checkpoints/keys.ts';
import { findLeftOpen, type LeftOpen } from '../../checkpoints/shard/open-batch.ts';
import { hasRoundZero, readShardPlan, type PlannedShard } from '../../checkpoints/plan.ts';
import { stopObject, type Stop } from '../../checkpoints/stop.ts';
import { mergingObject } from '../../checkpoints/shard/saved-pass.ts';
import { requireOtherFiles } from '../../checkpoints/shard/other-files.ts';
import { requireWholeRequests } from '../../checkpoints/round/whole-requests.ts';
import { readOpenTwins, RESUME_CANCELS } from '../../checkpoints/round/twins.ts';
import type { Edges } from '../../edges.ts';
import type { Failure } from '../../errors.ts';
import { readCollected, type Collected } from '../../checkpoints/round/collected.ts';
import { stoppedObject, type OpenBatch } from '../../checkpoints/shard/shard-end.ts';
import { checkRows } from './finish-shard.ts';
import { mergeRounds } from './merge-rounds.ts';
import { sumRounds } from './sum-rounds.ts';

/** Why a shard stops in this execution, and its progress. */
export interface ShardStop {
  /** The first round without results. */
  readonly nextRound: number;
  readonly failure: Failure;
  /**
   * The last round, if its results exist but not its checkpoint: the checkpoint is written after the stop, or the round is still
   * open.
   */
  readonly last?: Collected | undefined;
  /** The batch and files that are left at the provider, if the caller knows more than the checkpoints. */
  readonly leftOpen?: LeftOpen | undefined;
}

/**
 * Stops the shard in this execution. The results so far become its results for now; rows without an outcome count as exhausted,
 * with the reason. A denied account also stops the other shards. Starting the job again continues from here.
 * @throws GoesOnLater when time ran short, and another call must join the rest of the results
 */
export async function stopShard(edges: Edges, ref: PlannedShard, stop: ShardStop): Promise<void> {
  const { store, time } = edges;
  const { nextRound, failure, last } = stop;
  if (STOPS_JOB.has(failure.name)) await stopJob(edges, ref, failure);
  // This execution was aborted, and another one has finished the shard: keep that result.
  if ((await store.stat(shardKey(ref, 'done.json'))) !== undefined) return;
  const plan = await readShardPlan(store, ref);
  // A collected round has no open batch, even if its checkpoint is not written yet.
  const isOpen = last === undefined || stop.leftOpen !== undefined;
  const leftOpen = isOpen ? (stop.leftOpen ?? (await findLeftOpen(store, ref, failure))) : NOTHING_LEFT;
  const { open } = leftOpen;
  const rounds = await readCollected(store, ref, Math.min(nextRound, last?.round ?? nextRound));
  const settled = last === undefined ? rounds : [...rounds, last];
  // Without the round's requests, no result could be written for some of its rows.
  if (last === undefined) await requireWholeRequests(store, { ...ref, planned: plan }, nextRound);
  await requireOtherFiles(store, { ...ref, planned: plan });
  const before = settled.at(-1);
  const step = before?.up ?? before?.step;
  const merged = await mergeRounds(store, {
    ref,
    nextRound,
    hasRoundZero: hasRoundZero(plan),
    failure,
    open,
    step,
    time: {
      time,
      rows: plan.rows,
      before: time && (await mergingObject.read(store, ref)),
      save: (pass) => mergingObject.write(store, ref, pass),
    },
  });
  await checkRows(
    store,
    { ref: { ...ref, planned: plan }, rows: plan.rows, lastRound: nextRound },
    merged.rows,
  );
  const twins = await readOpenTwins(store, ref, { lastRound: nextRound, onResume: RESUME_CANCELS });
  const end = sumRounds(plan, settled, { failure, twins, ...leftOpen });
  await stoppedObject.write(store, ref, { ...end, ...merged.ends });
  logStop(edges, ref, failure, [...(open === undefined ? [] : [open]), ...twins]);
}

const NOTHING_LEFT: LeftOpen = { left: [] };

function logStop(
  { log }: Edges,
  { jobId, shard }: ShardRef,
  { name, code }: Failure,
  open: readonly OpenBatch[],
): void {
  log('shard_stopped', { jobId, shard, error: name, code });
  for (const { round, batchId, status, files, error } of open) {
    const { input: inputFileId, output: outputFileId, errors: errorFileId } = files;
    const ids = { batchId, inputFileId, outputFileId, errorFileId };
    log('batch_left_open', { jobId, shard, round, ...ids, status, error: name, code: error.code });
  }
}

/** Failures that would also occur in every other shard. */
const STOPS_JOB: ReadonlySet<string> = new Set(['ProviderDenied', 'ProviderMoved', 'BudgetExceeded']);

/** Prevents all shards of the job from starting anything new. The first recorded reason stays. */
export async function stopJob({ store, log }: Edges, { jobId }: ShardRef, failure: Failure): Promise<void> {
  const stop: Stop = { failure };
  const first = await stopObject.create(store, jobId, stop);
  if (first) log('job_stopped', { jobId, code: failure.code });
}
