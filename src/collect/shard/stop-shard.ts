import type { Edges } from '../../edges.ts';
import type { Failure } from '../../errors.ts';
import type { Collected } from '../../job.ts';
import { shardKey, stopKey, type ShardRef } from '../../checkpoints/keys.ts';
import { readCollected } from '../../checkpoints/shard-rounds.ts';
import type { Stop } from '../../checkpoints/stop.ts';
import { writeJson } from '../../store/json.ts';
import { checkRows, readShardPlan } from './finish-shard.ts';
import { mergeRounds } from './merge-rounds.ts';
import { sumRounds } from './shard-end.ts';

/**
 * The shard goes no further in this execution. What it has becomes its results for now; rows without an end are
 * exhausted, told why. A denied account also stops the other shards. Starting the job again goes on at `nextRound`.
 *
 * @param last the round that was just collected, whose checkpoint is written after this
 */
export async function stopShard(
  edges: Edges,
  ref: ShardRef,
  nextRound: number,
  failure: Failure,
  last?: Collected,
): Promise<void> {
  const { store } = edges;
  if (failure.name === 'ProviderDenied') await stopJob(edges, ref, failure);
  // Of an execution that was aborted, whose shard another one has finished meanwhile: its results stay.
  if ((await store.stat(shardKey(ref, 'done.json'))) !== undefined) return;
  const plan = await readShardPlan(store, ref);
  const merged = await mergeRounds(store, { ref, nextRound, hasRoundZero: plan.invalid > 0, failure });
  checkRows(ref, plan, merged.rows);
  const rounds = (await readCollected(store, ref)).filter(
    ({ round }) => round < nextRound && round !== last?.round,
  );
  const end = sumRounds(plan, last === undefined ? rounds : [...rounds, last], failure);
  await writeJson(store, shardKey(ref, 'stopped.json'), end);
  edges.log('shard_stopped', { jobId: ref.jobId, shard: ref.shard, error: failure.name, code: failure.code });
}

/** The first shard's reason stays. */
async function stopJob({ store, log }: Edges, { jobId }: ShardRef, failure: Failure): Promise<void> {
  const stop: Stop = { failure };
  const first = await store.createIfAbsent(stopKey(jobId), `${JSON.stringify(stop)}\n`);
  if (first) log('job_stopped', { jobId, code: failure.code });
}
