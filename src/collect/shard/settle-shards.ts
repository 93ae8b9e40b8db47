import type { Edges } from '../../edges.ts';
import type { Failure } from '../../errors.ts';
import type { Plan, ShardPlan } from '../../checkpoints/plan.ts';
import { readShardEnd, type ShardEnd } from '../../checkpoints/shard/shard-end.ts';
import { roundKey, shardKey, type ShardRef } from '../../checkpoints/keys.ts';
import { requireOtherFiles } from '../../checkpoints/shard/other-files.ts';
import { findRound } from '../../checkpoints/shard/shard-rounds.ts';
import { readTrouble } from '../../checkpoints/shard/trouble.ts';
import type { Pace } from '../../pace.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { sideBySide } from '../../concurrency/side-by-side.ts';
import { GoesOnLater } from '../round/files/downloads.ts';
import { mergeRounds } from './merge-rounds.ts';
import { sumRounds } from './sum-rounds.ts';
import { stopShard } from './stop-shard.ts';

export interface SettledShard {
  readonly shard: number;
  readonly end: ShardEnd;
}

/** Why shards without an end are settled, and the time of this call. */
export interface Settling {
  readonly failure: Failure | undefined;
  readonly pace: Pace;
}

/**
 * Reads how every shard ended. Settles shards without a recorded end, whose Lambda was killed or whose job was rejected.
 * @returns undefined when time ran short; shards that are settled stay settled
 */
export async function settleShards(
  edges: Edges,
  jobId: string,
  plan: Plan,
  settling: Settling,
): Promise<SettledShard[] | undefined> {
  const settled = await sideBySide(plan.shards, async (shardPlan, shard) => {
    const end = await settleShard(edges, { jobId, shard }, shardPlan, settling);
    return end && { shard, end };
  });
  const known = settled.filter((each) => each !== undefined);
  return known.length === settled.length ? known : undefined;
}

async function settleShard(
  edges: Edges,
  ref: ShardRef,
  plan: ShardPlan,
  { failure, pace }: Settling,
): Promise<ShardEnd | undefined> {
  const { store } = edges;
  if (plan.requests === 0) return settleUnsent(store, ref, plan, pace);
  const known = await readShardEnd(store, ref);
  if (known !== undefined) return known;
  if (pace.mustStop) return undefined;
  const { round } = await findRound(store, ref);
  const reason = failure ?? (await readTrouble(store, ref)) ?? leftNoWord(ref);
  try {
    await stopShard(edges, { ...ref, planned: plan }, { nextRound: round, failure: reason });
  } catch (error) {
    if (error instanceof GoesOnLater) return undefined;
    throw error;
  }
  const end = await readShardEnd(store, ref);
  pace.did();
  if (end === undefined)
    throw new Error(`Shard ${ref.shard} of job ${ref.jobId} was stopped and has no end.`);
  return end;
}

/**
 * Writes the results of a shard that sends nothing: those of round 0. The store copies them if nothing must be added. They
 * depend on the plan alone, so existing results stay.
 * @returns undefined when time ran short
 */
async function settleUnsent(
  store: ObjectStore,
  ref: ShardRef,
  plan: ShardPlan,
  pace: Pace,
): Promise<ShardEnd | undefined> {
  const end = sumRounds(plan, []);
  const results = shardKey(ref, 'results.jsonl');
  if ((await store.stat(results)) !== undefined) return end;
  if (pace.mustStop) return undefined;
  await requireOtherFiles(store, { ...ref, planned: plan });
  const sources = await store.stat(shardKey(ref, 'sources.jsonl'));
  if (plan.invalid > 0 || sources !== undefined)
    await mergeRounds(store, { ref, nextRound: 1, hasRoundZero: true });
  else await store.copy(results, roundKey(ref, 0, 'results.jsonl'));
  pace.did();
  return end;
}

function leftNoWord({ jobId, shard }: ShardRef): Failure {
  return {
    name: 'ShardIncomplete',
    code: 'INCOMPLETE',
    message: `Shard ${shard} of job ${jobId} did not finish: its execution failed. The steps' logs say why.`,
  };
}
