import type { Edges } from '../edges.ts';
import type { Failure } from '../errors.ts';
import type { Plan, ShardEnd, ShardPlan } from '../job.ts';
import { shardKey, type ShardRef } from '../keys.ts';
import { findRound } from '../shard-rounds.ts';
import { readJson, requireJson } from '../store/json.ts';
import { mergeRounds } from './merge-rounds.ts';
import { sumRounds } from './shard-end.ts';
import { stopShard } from './stop-shard.ts';

export interface SettledShard {
  readonly shard: number;
  readonly end: ShardEnd;
}

/** Shards looked at side by side: of 10,000, each needs one small read. */
const CONCURRENCY = 32;

/** How every shard ended. One that left no word (its Lambda died, the job was refused) is settled here. */
export async function settleShards(
  edges: Edges,
  jobId: string,
  plan: Plan,
  failure: Failure | undefined,
): Promise<SettledShard[]> {
  const settled: SettledShard[] = [];
  for (let from = 0; from < plan.shards.length; from += CONCURRENCY) {
    const some = plan.shards.slice(from, from + CONCURRENCY);
    const ends = some.map((shardPlan, n) =>
      settleShard(edges, { jobId, shard: from + n }, shardPlan, failure),
    );
    for (const [n, end] of (await Promise.all(ends)).entries()) settled.push({ shard: from + n, end });
  }
  return settled;
}

async function settleShard(
  edges: Edges,
  ref: ShardRef,
  plan: ShardPlan,
  failure: Failure | undefined,
): Promise<ShardEnd> {
  const { store } = edges;
  if (plan.requests === 0) {
    await mergeRounds(store, { ref, nextRound: 1, hasRoundZero: true });
    return sumRounds(plan, []);
  }
  const known =
    (await readJson<ShardEnd>(store, shardKey(ref, 'done.json'))) ??
    (await readJson<ShardEnd>(store, shardKey(ref, 'stopped.json')));
  if (known !== undefined) return known;
  const { round } = await findRound(store, ref);
  await stopShard(edges, ref, round, failure ?? leftNoWord(ref));
  return requireJson<ShardEnd>(store, shardKey(ref, 'stopped.json'));
}

function leftNoWord({ jobId, shard }: ShardRef): Failure {
  return {
    name: 'ShardIncomplete',
    code: 'INCOMPLETE',
    message: `Shard ${shard} of job ${jobId} did not come to its end; its execution's history says why.`,
  };
}
