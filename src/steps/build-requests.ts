import type { JobContext, JobInput } from '../contract.ts';
import type { Edges } from '../edges.ts';
import { InvalidInput } from '../errors.ts';
import type { Job, OutputRules, Plan } from '../job.ts';
import { jobKey, planKey, shardKey, shardsPrefix } from '../checkpoints/keys.ts';
import { buildShards } from '../rows/build-shards.ts';
import { readJson, requireJson, writeJson } from '../store/json.ts';
import type { ObjectStore } from '../store/object-store.ts';

/**
 * Turns the job's input into shards of request lines, and says which shards have work left. A job that goes on has its
 * plan already, and shards that are done are left out.
 * @throws InvalidInput when the input cannot be used; what is wrong with its rows is in the plan.
 * @throws InvalidRequest when answers are to match what is no schema.
 */
export async function buildRequests(edges: Edges, { jobId }: JobInput): Promise<JobContext> {
  const { store } = edges;
  const job = await requireJson<Job>(store, jobKey(jobId));
  const plan = (await readJson<Plan>(store, planKey(jobId))) ?? (await build(edges, job));
  if (plan.failure !== undefined) throw new InvalidInput(plan.failure.message);
  return {
    jobId,
    shards: await shardsToRun(store, jobId, plan),
    provider: job.profile.provider,
    polling: job.profile.polling,
  };
}

async function build({ store, log }: Edges, job: Job): Promise<Plan> {
  // Of a job request: the configuration's own were checked when it was read.
  if (job.profile.output !== undefined) await refuseWrongSchema(job.profile.output);
  const plan = await buildShards(store, job);
  await writeJson(store, planKey(job.jobId), plan);
  log('requests_built', {
    jobId: job.jobId,
    rows: plan.rows,
    invalid: plan.invalid,
    shards: plan.shards.length,
  });
  return plan;
}

async function refuseWrongSchema({ schema }: OutputRules): Promise<void> {
  const { checkSchema } = await import('../output/compile-schema.ts');
  checkSchema(schema);
}

/** Shards with request lines that are not done. What an earlier execution said of stopped ones no longer holds. */
async function shardsToRun(store: ObjectStore, jobId: string, { shards }: Plan): Promise<number[]> {
  const done = new Set<string>();
  for await (const { key } of store.list(shardsPrefix(jobId))) {
    if (key.endsWith('/done.json')) done.add(key);
    if (key.endsWith('/stopped.json')) await store.delete(key);
  }
  return shards.flatMap(({ requests }, shard) =>
    requests === 0 || done.has(shardKey({ jobId, shard }, 'done.json')) ? [] : [shard],
  );
}
