import { FastRequests } from '../fast-path/fast-requests.ts';
import type { BuildingContext, JobContext, JobInput } from '../contract.ts';
import type { Edges } from '../edges.ts';
import { InvalidInput, InvalidRequest } from '../errors.ts';
import { jobObject, type Job } from '../checkpoints/job.ts';
import { planObject, type Plan } from '../checkpoints/plan.ts';
import type { OutputRules } from '../checkpoints/profile.ts';
import { toRunObject } from '../checkpoints/to-run.ts';
import { shardKey, shardsPrefix } from '../checkpoints/keys.ts';
import { releaseClaims } from '../requests/claims.ts';
import { buildOn, buildShards, isPlan } from '../rows/build-shards.ts';
import { buildStateObject, forgetBuildState, type Unfinished } from '../rows/build-state.ts';
import type { RequestRules } from '../rows/request-line.ts';
import { checkEstimate } from '../spending/check-estimate.ts';
import type { ObjectStore } from '../store/object-store.ts';

/**
 * Turns the job's input into shards of request lines, and says which shards have work left. A job that goes on has its
 * plan already, and shards that are done are left out. A call that runs short of time returns what it has built so far, and
 * the next one goes on there.
 * @throws InvalidInput when the input cannot be used; what is wrong with its rows is in the plan.
 * @throws BudgetExceeded when its rows would cost more than the budget.
 * @throws InvalidRequest when answers are to match what is no schema.
 */
export async function buildRequests(
  edges: Edges,
  { jobId }: JobInput,
): Promise<JobContext | BuildingContext> {
  const { store } = edges;
  const job = await jobObject.require(store, jobId);
  const plan = (await planObject.read(store, jobId)) ?? (await build(edges, job));
  if (!isPlan(plan)) return { jobId, building: plan };
  if (plan.failure !== undefined) {
    if (job.schedule !== undefined) await releaseClaims(store, { schedule: job.schedule, jobId });
    throw new InvalidInput(plan.failure.message);
  }
  return {
    jobId,
    toRun: await listShardsToRun(store, jobId, plan),
    provider: job.profile.provider,
    polling: job.profile.polling,
  };
}

/** Builds the shards of a job, with request lines copied rather than written anew where that makes the same bytes. */
export function buildFast(store: ObjectStore, job: Job): Promise<Plan> {
  return buildShards(store, job, { createRequests });
}

const createRequests = (rules: RequestRules): FastRequests => new FastRequests(rules);

async function build({ store, log, time }: Edges, job: Job): Promise<Plan | Unfinished> {
  // Of a job request: the configuration's own were checked when it was read.
  if (job.profile.output !== undefined) await rejectWrongSchema(job.profile.output);
  const from = await buildStateObject.read(store, job.jobId);
  const plan = await buildOn(store, job, { createRequests, time, from }).catch((error: unknown) =>
    refusedPlan(job, error),
  );
  if (!isPlan(plan)) {
    log('build_paused', { jobId: job.jobId, rows: plan.rows, shards: plan.shards });
    return plan;
  }
  // Such a job is no refused one: it is built again when it is resumed with a larger budget.
  if (plan.failure === undefined) await checkEstimate(store, job, plan);
  await planObject.write(store, job.jobId, plan);
  if (from !== undefined) await forgetBuildState(store, job.jobId);
  log('requests_built', {
    jobId: job.jobId,
    rows: plan.rows,
    invalid: plan.invalid,
    shards: plan.shards.length,
  });
  return plan;
}

/**
 * The plan of a job whose files can be claimed by another job again: it is written down that this one never sends
 * anything. Other jobs may be resumed when their input has been put right.
 */
function refusedPlan({ schedule }: Job, error: unknown): Plan {
  const isRefused = error instanceof InvalidInput || error instanceof InvalidRequest;
  if (schedule === undefined || !isRefused) throw error;
  const { name, message } = error;
  const failure = { name, code: name, message };
  return { rows: 0, invalid: 0, inputTokens: 0, shards: [], problems: [], failure };
}

async function rejectWrongSchema({ schema }: OutputRules): Promise<void> {
  const { checkSchema } = await import('../output/compile-schema.ts');
  checkSchema(schema);
}

/** Lists the shards with request lines that are not done. What an earlier execution said of stopped ones no longer holds. */
async function listShardsToRun(
  store: ObjectStore,
  jobId: string,
  { shards }: Plan,
): Promise<JobContext['toRun']> {
  const done = new Set<string>();
  for await (const { key } of store.list(shardsPrefix(jobId))) {
    if (key.endsWith('/done.json')) done.add(key);
    if (key.endsWith('/stopped.json')) await store.delete(key);
  }
  const left = shards.flatMap((planned, shard) =>
    planned.requests === 0 || done.has(shardKey({ jobId, shard }, 'done.json')) ? [] : [{ shard, planned }],
  );
  await toRunObject.write(store, jobId, left);
  return { shards: left.length, key: toRunObject.keyOf(jobId) };
}
