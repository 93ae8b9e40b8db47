import type {
  BuildContext,
  BuildingContext,
  JobContext,
  SlicingContext,
  WaitingContext,
} from '../contract.ts';
import type { Edges } from '../edges.ts';
import { InvalidInput, InvalidRequest } from '../errors.ts';
import { jobObject, type Job } from '../checkpoints/job.ts';
import { planObject, type Plan } from '../checkpoints/plan.ts';
import type { OutputRules } from '../checkpoints/profile.ts';
import { releaseClaims } from '../requests/claims.ts';
import { isPlan } from '../rows/build-shards.ts';
import { buildStateObject, forgetBuildState, type BuildState, type Unfinished } from '../rows/build-state.ts';
import { buildDivided, type SlicesToDo } from '../rows/slices/build-divided.ts';
import { bytesOfSlice } from '../rows/slices/divide.ts';
import { slicesObject } from '../rows/slices/division.ts';
import { checkEstimate } from '../spending/check-estimate.ts';
import { buildInOnePass, planWithPilot } from './build-plan.ts';
import { nextShards } from './next-shards.ts';

/**
 * Turns the job's input into shards of request lines, and lists the shards with work left: first those of its pilot, then the
 * others if the pilot allows them. A resumed job already has its plan, and its finished shards are left out. A call that runs
 * short of time returns its progress, and the next call continues there.
 * @throws PilotStopped when the pilot does not allow the other shards
 * @throws InvalidInput when the input cannot be used; problems of single rows are in the plan
 * @throws BudgetExceeded when its rows would cost more than the budget.
 * @throws InvalidRequest when the output schema is invalid
 */
export async function buildRequests(
  edges: Edges,
  context: BuildContext,
): Promise<JobContext | BuildingContext | SlicingContext | WaitingContext> {
  const { store } = edges;
  const { jobId } = context;
  const job = await jobObject.require(store, jobId);
  const plan = (await planObject.read(store, jobId)) ?? (await build(edges, job, context));
  if ('phase' in plan) {
    const { phase, slices: count } = plan;
    return { jobId, slices: { phase, count, key: slicesObject.keyOf(jobId) } };
  }
  if (!isPlan(plan)) return { jobId, building: plan };
  if (plan.failure !== undefined) {
    if (job.schedule !== undefined) await releaseClaims(store, { schedule: job.schedule, jobId });
    throw new InvalidInput(plan.failure.message);
  }
  return nextShards(edges, { job, plan, context });
}

/** Builds the shards, then those of the pilot. Writes the plan last. */
async function build(edges: Edges, job: Job, context: BuildContext): Promise<Plan | Unfinished | SlicesToDo> {
  const { store, log } = edges;
  const { jobId } = job;
  // A schema from a job request. The configuration's own schemas were checked when it was read.
  if (job.profile.output !== undefined) await rejectWrongSchema(job.profile.output);
  const from = await buildStateObject.read(store, jobId);
  const sliced = from === undefined ? await buildInSlices(edges, job, context) : undefined;
  if (sliced !== undefined && sliced !== 'whole' && 'phase' in sliced) {
    log('build_sliced', { jobId, phase: sliced.phase, slices: sliced.slices });
    return sliced;
  }
  const plan = await buildAll(edges, job, { from, built: sliced === 'whole' ? undefined : sliced });
  if (!isPlan(plan)) {
    log('build_paused', { jobId, rows: plan.rows, shards: plan.shards });
    return plan;
  }
  await planObject.write(store, jobId, plan);
  if ((from ?? sliced ?? job.profile.pilot) !== undefined) await forgetBuildState(store, jobId);
  log('requests_built', { jobId, rows: plan.rows, invalid: plan.invalid, shards: plan.shards.length });
  return plan;
}

function buildInSlices(
  { store, time }: Edges,
  job: Job,
  { slices }: BuildContext,
): ReturnType<typeof buildDivided> {
  const sliceBytes = bytesOfSlice(job.profile.sliceBytes, time);
  if (sliceBytes === undefined) return Promise.resolve(undefined);
  return buildDivided(store, job, { sliceBytes, time, done: slices?.phase }).catch((error: unknown) =>
    rejectedPlan(job, error),
  );
}

interface BuildSoFar {
  /** The position from which the one pass of a job continues. */
  readonly from: BuildState | undefined;
  /** The plan that slices have built. */
  readonly built: Plan | Unfinished | undefined;
}

function buildAll(edges: Edges, job: Job, soFar: BuildSoFar): Promise<Plan | Unfinished> {
  return planWithPilot(edges, job, () => buildWithinBudget(edges, job, soFar));
}

async function buildWithinBudget(
  edges: Edges,
  job: Job,
  { from, built }: BuildSoFar,
): Promise<Plan | Unfinished> {
  const plan =
    built ?? (await buildInOnePass(edges, job, from).catch((error: unknown) => rejectedPlan(job, error)));
  // The plan is not written, so the job can be built again when it is resumed with a larger budget.
  if (isPlan(plan) && plan.failure === undefined) await checkEstimate(edges.store, job, plan);
  return plan;
}

/**
 * The plan of a scheduled job that failed to build: it records that this job never sends anything, because another run may claim
 * its files. Any other job may be resumed once its input is fixed.
 */
function rejectedPlan({ schedule }: Job, error: unknown): Plan {
  const isInvalid = error instanceof InvalidInput || error instanceof InvalidRequest;
  if (schedule === undefined || !isInvalid) throw error;
  const { name, message } = error;
  const failure = { name, code: name, message };
  return { rows: 0, invalid: 0, inputTokens: 0, shards: [], problems: [], failure };
}

async function rejectWrongSchema({ schema }: OutputRules): Promise<void> {
  const { checkSchema } = await import('../output/compile-schema.ts');
  checkSchema(schema);
}
