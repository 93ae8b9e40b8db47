import type { Job } from '../checkpoints/job.ts';
import { buildPrefix, jobPrefix, planKey, roundKey, shardKey, shardsPrefix } from '../checkpoints/keys.ts';
import type { Plan } from '../checkpoints/plan.ts';
import type { Edges } from '../edges.ts';
import { InvalidInput } from '../errors.ts';
import { Pace } from '../pace.ts';
import { isPlan } from '../rows/build-shards.ts';
import { buildStateObject, forgetBuildState, type Unfinished } from '../rows/build-state.ts';
import { moveKeys, type KeyMap } from '../store/move-keys.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { buildInOnePass, planWithPilot } from './build-plan.ts';

/**
 * Builds damaged shards again: all shards of the job under other keys, because where a shard begins depends on all rows before it.
 * If they are the planned ones, the files of the damaged shards are replaced. Otherwise the files stay as they are, and *Upload
 * file* rejects the shards: an input is gone, or rows depend on answers that have changed.
 * @returns progress if time ran short, and another call must continue
 */
export async function buildAgain(
  edges: Edges,
  job: Job,
  { plan, damaged }: { readonly plan: Plan; readonly damaged: readonly number[] },
): Promise<Unfinished | undefined> {
  const { store, log } = edges;
  const { jobId } = job;
  const aside = { store: moveKeys(store, keysAside(jobId)), time: edges.time };
  const from = await buildStateObject.read(aside.store, jobId);
  const again = await planWithPilot(aside, job, () => buildInOnePass(aside, job, from, plan)).catch(
    unlessInvalid,
  );
  if (again !== undefined && !isPlan(again)) return again;
  const isSame = again !== undefined && hasSameShards(again, plan);
  const pace = new Pace(edges.time);
  for (const [n, shard] of (isSame ? damaged : []).entries()) {
    if (pace.mustStop) return { rows: plan.rows, shards: n };
    await replaceShard(store, { jobId, shard });
    pace.did();
  }
  await forgetBuildState(store, jobId);
  log('shards_built_again', { jobId, shards: damaged.length, same: isSame });
  return undefined;
}

/** True if two plans have the same shards. A plan of an earlier version only has the sizes of request files. */
function hasSameShards(again: Plan, { shards }: Plan): boolean {
  const isOld = shards.every(({ files }) => files === undefined);
  const built = isOld ? again.shards.map(({ files: _files, ...shard }) => shard) : again.shards;
  return JSON.stringify(built) === JSON.stringify(shards);
}

function unlessInvalid(error: unknown): undefined {
  if (!(error instanceof InvalidInput)) throw error;
}

/** Moves shards, the plan and the state of the build below the job's `build/`, where everything is deleted at the end. */
function keysAside(jobId: string): KeyMap {
  const [whole, aside] = [jobPrefix(jobId), `${buildPrefix(jobId)}again/`];
  const isMoved = (key: string): boolean =>
    [shardsPrefix(jobId), buildPrefix(jobId), planKey(jobId)].some((prefix) => key.startsWith(prefix));
  return {
    to: (key) => (isMoved(key) ? `${aside}${key.slice(whole.length)}` : key),
    from: (moved) => (moved.startsWith(aside) ? `${whole}${moved.slice(aside.length)}` : moved),
  };
}

/** Replaces what Build writes for a shard; its requests last, because they show that the shard is whole. */
async function replaceShard(
  store: ObjectStore,
  ref: { readonly jobId: string; readonly shard: number },
): Promise<void> {
  const { to } = keysAside(ref.jobId);
  const keys = [
    shardKey(ref, 'sources.jsonl'),
    roundKey(ref, 0, 'results.jsonl'),
    roundKey(ref, 0, 'dead-letters.jsonl'),
    roundKey(ref, 1, 'requests.jsonl'),
  ];
  for (const key of keys) if ((await store.stat(to(key))) !== undefined) await store.copy(key, to(key));
}
