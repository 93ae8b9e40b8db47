import { cancelTwins, findTwinsOfRound, type FoundTwin } from '../batches/twins.ts';
import { jobObject, type Job } from '../checkpoints/job.ts';
import type { RoundRef, ShardRef } from '../checkpoints/keys.ts';
import { readCollected, type ShardStep } from '../checkpoints/round/collected.ts';
import { CANCEL_ASKS_AGAIN, readOpenTwins } from '../checkpoints/round/twins.ts';
import { doneObject } from '../checkpoints/shard/shard-end.ts';
import type { ProviderEdges } from '../edges.ts';
import { isProviderError } from '../errors.ts';
import { jobAtStep } from '../ladder/step-of-round.ts';

/**
 * Looks once more for the twins of a shard that is done, when its job is resumed or cancelled: a twin may have been listed too
 * late, or still be running although it was cancelled. Cancels running twins, and records in `done.json` which ones still run.
 * Costs one list call per lost create. If the provider cannot be reached, nothing changes.
 */
export async function lookForTwins(edges: ProviderEdges, { jobId, shard }: ShardRef): Promise<void> {
  const { store } = edges;
  const ref = { jobId, shard };
  const job = await jobObject.require(store, jobId);
  const rounds = await readCollected(store, ref);
  for (const { round, step } of rounds) await cancelTwinsOf(edges, job, { ...ref, round }, step);
  const { twins: _before, ...end } = await doneObject.require(store, ref);
  const lastRound = rounds.at(-1)?.round ?? 0;
  const twins = await readOpenTwins(store, ref, { lastRound, onResume: CANCEL_ASKS_AGAIN });
  await doneObject.write(store, ref, { ...end, ...(twins.length > 0 && { twins }) });
}

async function cancelTwinsOf(
  edges: ProviderEdges,
  job: Job,
  ref: RoundRef,
  step: ShardStep | undefined,
): Promise<void> {
  const at = { ...ref, provider: jobAtStep(job, step).profile.provider };
  const find = (): Promise<readonly FoundTwin[]> => findTwinsOfRound(edges, at);
  try {
    const found = await find();
    if (!found.some(({ batch }) => batch.phase === 'running')) return;
    await cancelTwins(edges, at, found);
    // Records those that the cancel has ended at once.
    await find();
  } catch (error) {
    if (!isProviderError(error)) throw error;
    edges.log('batch_cancel_failed', { ...ref, error: error.name });
  }
}
