import type { Edges } from '../edges.ts';
import { InvalidRequest, RequestConflict } from '../errors.ts';
import { lastExecution } from '../executions/executions.ts';
import { jobObject } from '../checkpoints/job.ts';
import { approvalObject, pilotObject, type Approval, type Pilot } from '../checkpoints/pilot.ts';
import { summaryObject } from '../checkpoints/summary.ts';
import { isCancelled, readStop } from '../checkpoints/stop.ts';
import { resumeJob, type StartedJob, type StartEdges } from './start-job.ts';

export type Decision = Approval['decision'];

export interface DecidedJob {
  readonly jobId: string;
  readonly state: Decision;
  /** Set if the job had ended and was resumed. */
  readonly resumed?: StartedJob | undefined;
}

/**
 * Approves or rejects a job after its pilot. A waiting job notices the decision at its next check. An approval resumes a job
 * whose pilot had failed, was rejected or was not approved in time.
 * @returns undefined when the job does not exist
 * @throws InvalidRequest when the job has no pilot to decide on; RequestConflict when the opposite decision is already in effect
 */
export async function approveOrReject(
  edges: StartEdges,
  jobId: string,
  decision: Decision,
): Promise<DecidedJob | undefined> {
  const { store, executions } = edges;
  if ((await jobObject.read(store, jobId)) === undefined) {
    if ((await summaryObject.read(store, jobId)) === undefined) return undefined;
    throw new InvalidRequest(`Job ${jobId} has ended: its checkpoints are deleted, or it was never started.`);
  }
  const pilot = rejectUnjudged(jobId, await pilotObject.read(store, jobId));
  if (pilot.state === decision) return { jobId, state: decision, resumed: await goOnIfUnended(edges, jobId) };
  if (pilot.state === 'passed' || pilot.state === 'approved') throw rowsAreSent(jobId, pilot, decision);
  const runs = (await lastExecution(executions, jobId))?.running === true;
  const resumed = await (runs ? tellRunning : tellEnded)(edges, jobId, pilot, decision);
  edges.log('pilot_judged', { jobId, state: decision });
  return { jobId, state: decision, resumed };
}

/** Resumes a job with a decision whose host stopped before the job ended. */
async function goOnIfUnended(edges: StartEdges, jobId: string): Promise<StartedJob | undefined> {
  return (await summaryObject.read(edges.store, jobId)) === undefined ? resumeJob(edges, jobId) : undefined;
}

function rejectUnjudged(jobId: string, pilot: Pilot | undefined): Pilot {
  if (pilot === undefined)
    throw new InvalidRequest(
      `Job ${jobId} has no pilot to approve or reject: its profile has none, the job has fewer rows than a pilot, or its rows are not built yet.`,
    );
  if (pilot.state !== 'running') return pilot;
  throw new InvalidRequest(
    `The pilot of job ${jobId} has no answers yet: approve or reject it when it has them.`,
  );
}

function rowsAreSent(jobId: string, { state }: Pilot, decision: Decision): Error {
  if (decision === 'approved')
    return new InvalidRequest(`The pilot of job ${jobId} has passed: its other rows are sent already.`);
  return new RequestConflict(
    `The pilot of job ${jobId} has ${state === 'passed' ? 'passed' : 'been approved'}, and its other rows are sent: cancel the job instead.`,
  );
}

/** Records the decision for the running execution; the first decision counts. */
async function tellRunning(
  edges: StartEdges,
  jobId: string,
  pilot: Pilot,
  decision: Decision,
): Promise<undefined> {
  const { store } = edges;
  if (isCancelled(await readStop(store, jobId)))
    throw new InvalidRequest(`Job ${jobId} is being cancelled: decide on its pilot when that is done.`);
  const isFirst =
    pilot.state === 'waiting' && (await approvalObject.create(store, jobId, approvalOf(edges, decision)));
  if (isFirst) return undefined;
  const first = await approvalObject.read(store, jobId);
  // A job that was resumed by an approval may not have read that approval yet.
  if (first === undefined || (pilot.state !== 'waiting' && first.decision === 'rejected'))
    throw new InvalidRequest(
      `Job ${jobId} is ending without its other rows: decide on its pilot when it has ended.`,
    );
  if (first.decision === decision) return undefined;
  throw new RequestConflict(`The pilot of job ${jobId} was ${first.decision} at ${first.at}.`);
}

/** An approval resumes a stopped job. A rejection resumes only a job whose host stopped while it waited, so that it ends. */
async function tellEnded(
  edges: StartEdges,
  jobId: string,
  pilot: Pilot,
  decision: Decision,
): Promise<StartedJob | undefined> {
  const { store } = edges;
  if (decision === 'rejected' && pilot.state !== 'waiting')
    throw new InvalidRequest(`Job ${jobId} has ended without its other rows: there is nothing to reject.`);
  await approvalObject.write(store, jobId, approvalOf(edges, decision));
  return resumeJob(edges, jobId);
}

function approvalOf({ clock }: Pick<Edges, 'clock'>, decision: Decision): Approval {
  return { decision, at: new Date(clock.now()).toISOString() };
}
