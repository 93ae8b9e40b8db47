import type { Job } from '../checkpoints/job.ts';
import { pilotDraftObject } from '../checkpoints/pilot.ts';
import type { Plan } from '../checkpoints/plan.ts';
import type { Edges } from '../edges.ts';
import { makePilot } from '../pilot/make-pilot.ts';
import { wantsPilot } from '../pilot/without-pilot.ts';
import { buildOn, buildShards, isPlan } from '../rows/build-shards.ts';
import type { BuildState, Unfinished } from '../rows/build-state.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { createRequests } from './create-requests.ts';

/** Builds the shards of a job; copies rows into request lines if that gives the same bytes as parsing and writing them. */
export function buildFast(store: ObjectStore, job: Job): Promise<Plan> {
  return buildShards(store, job, { createRequests });
}

/**
 * Builds the plan in one pass over the job's inputs, from the position at which the previous call stopped.
 * @param planned the plan of an earlier build of the same shards
 */
export function buildInOnePass(
  { store, time }: Pick<Edges, 'store' | 'time'>,
  job: Job,
  from: BuildState | undefined,
  planned?: Plan,
): Promise<Plan | Unfinished> {
  return buildOn(store, job, { createRequests, time, from, earlierJobs: planned?.earlierJobs });
}

/**
 * The plan of a job with its pilot, or as much as there is time for.
 * @param build builds the plan without a pilot
 */
export async function planWithPilot(
  { store, time }: Pick<Edges, 'store' | 'time'>,
  job: Job,
  build: () => Promise<Plan | Unfinished>,
): Promise<Plan | Unfinished> {
  const known = job.profile.pilot && (await pilotDraftObject.read(store, job.jobId));
  if (known !== undefined) return makePilot(store, job, known, time);
  const plan = await build();
  return isPlan(plan) && wantsPilot(job, plan) ? makePilot(store, job, { plan }, time) : plan;
}
