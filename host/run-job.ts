import type { NightshiftConfig } from '../src/config/config.ts';
import { summaryObject, type Summary } from '../src/checkpoints/summary.ts';
import { jobKey } from '../src/checkpoints/keys.ts';
import { approveOrReject, type Decision } from '../src/job-control/approve-or-reject.ts';
import { resumeJob, startJob, type StartEdges, type StartedJob } from '../src/job-control/start-job.ts';
import { InvalidRequest } from '../src/errors.ts';
import { cancelToTheEnd } from './cancel-jobs.ts';
import type { EngineEvent } from './engine-events.ts';
import { createLocalExecutions, type LocalExecutions } from './engine.ts';
import { stepsOf, type EdgesAndSteps } from './host-edges.ts';
import { limitSteps, STEP_LIMITS } from './limit-steps.ts';
import { loadMachine } from './load-stack.ts';
import { NOTHING_SENT, sentSoFar, type SentSoFar } from './sent-so-far.ts';
import { readTreatment, toStartRequest, type AskedJob } from './start-request.ts';

/** The host of a job on this machine, and its observers. */
export type RunHost = EdgesAndSteps & Observed;

interface Observed {
  readonly config: NightshiftConfig;
  /** Set if a simulator generates the answers. */
  readonly simulated?: true | undefined;
  /** Folder to bundle the Lambdas into; then the bundles are run, with edges from the environment. */
  readonly bundles?: string | undefined;
  /** Called when the job starts; not called if it had already ended. */
  readonly onStart?: (job: StartedJob) => void;
  readonly onEvent?: (event: EngineEvent) => void;
  /** Aborting it stops the job; running the job again resumes it. */
  readonly signal?: AbortSignal;
}

export type RunJob = RunHost & AskedJob;

/**
 * Runs one job to its end on this machine: the synthesized state machine with the code of the Lambdas.
 * @returns the job's summary, even if the job failed.
 * @throws InvalidRequest when a file, the profile or the provider does not exist.
 * @throws RunAborted when it was interrupted.
 */
export async function runJob(options: RunJob): Promise<Summary> {
  const treatment = await readTreatment(options);
  const { edges, config } = options;
  const request = await toStartRequest(edges.store, config, options, treatment);
  return runStarted(options, (startEdges) => startJob(startEdges, request));
}

/**
 * Resumes a job and runs it to its end.
 * @returns undefined when the job does not exist, or has ended
 * @throws RunAborted when it was interrupted.
 */
export async function resumeRun(options: RunHost, jobId: string): Promise<Summary | undefined> {
  const { edges } = options;
  if ((await edges.store.stat(jobKey(jobId))) === undefined) return undefined;
  return runStarted(options, async (startEdges) => {
    const resumed = await resumeJob(startEdges, jobId);
    if (resumed === undefined) throw new InvalidRequest(`There is no job ${jobId}.`);
    return resumed;
  });
}

/**
 * Approves or rejects a job that no process runs, and runs it to its end.
 * @throws RunAborted when it was interrupted.
 */
export async function judgeRun(options: RunHost, jobId: string, decision: Decision): Promise<Summary> {
  return runStarted(options, async (startEdges) => {
    const judged = await approveOrReject(startEdges, jobId, decision);
    if (judged === undefined) throw new InvalidRequest(`There is no job ${jobId}.`);
    return judged.resumed ?? { jobId, state: 'finished' };
  });
}

/**
 * Starts a job, and runs it to its end on this machine.
 * @param start starts the job, or finds that there is nothing to start
 */
export async function runStarted(
  options: RunHost,
  start: (startEdges: StartEdges) => Promise<StartedJob>,
): Promise<Summary> {
  const { config, edges, simulated, signal } = options;
  const executions = await openExecutions(options);
  if (signal?.aborted === true) throw new RunAborted(() => Promise.resolve(NOTHING_SENT), Promise.resolve());
  const started = await start({ ...edges, config, executions, simulated });
  options.onStart?.(started);
  const failure = started.execution === undefined ? undefined : await finish(options, executions, started);
  const summary = await summaryObject.read(edges.store, started.jobId);
  if (summary !== undefined) return summary;
  throw new Error(`Job ${started.jobId} ended without a summary: ${failure ?? 'the reason is unknown'}`);
}

/** Cancels a job that no process runs, or that this process has left, and waits until its finished rows are collected. */
export async function cancelRun(options: RunHost, jobId: string): Promise<Summary> {
  const { config, edges, simulated } = options;
  const executions = await openExecutions(options);
  await cancelToTheEnd({ ...edges, config, executions, simulated }, jobId);
  return summaryObject.require(edges.store, jobId);
}

async function openExecutions(host: RunHost): Promise<LocalExecutions> {
  const { config, bundles, onEvent } = host;
  if (bundles === undefined) {
    const limited = limitSteps(await stepsOf(host), STEP_LIMITS);
    return createLocalExecutions({
      ...(await loadMachine(config)),
      callStep: limited.call,
      abandonSteps: () => limited.abandon(),
      onEvent,
    });
  }
  const { callBundles, stageBundles } = await import('./call-bundles.ts');
  const callStep = callBundles(await stageBundles(config, bundles));
  return createLocalExecutions({ ...(await loadMachine(config)), callStep, onEvent });
}

/**
 * Waits for an execution's end. If it failed, the summary says why; if there is no summary (the disk is full), the execution's
 * failure is reported.
 * @returns the failure, if there is no summary
 */
async function finish(
  options: RunHost,
  executions: LocalExecutions,
  { jobId, execution = '' }: StartedJob,
): Promise<string | undefined> {
  const { signal, edges } = options;
  let left: Promise<void> = Promise.resolve();
  const abort = (): void => void (left = executions.leave());
  signal?.addEventListener('abort', abort);
  // The run may have been aborted while the job was started.
  if (signal?.aborted === true) abort();
  try {
    await executions.result(execution);
    return undefined;
  } catch (error) {
    if (signal?.aborted === true) {
      // Steps of this execution must end before the execution that cancels begins. What they have sent counts as well.
      throw new RunAborted(
        () => sentSoFar(edges.store, jobId),
        left,
        () => left.then(() => cancelRun(options, jobId)),
      );
    }
    if (!isJobFailure(error)) throw error;
    return error.cause instanceof Error ? error.cause.message : error.message;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** The run was interrupted; running it again continues the job from its checkpoints. */
export class RunAborted extends Error {
  override readonly name = 'RunAborted';
  /** Counts what is known to be sent at this moment. */
  readonly sentAtOnce: () => Promise<SentSoFar>;
  /** Counts what was sent, once the running steps have ended. */
  readonly sent: () => Promise<SentSoFar>;
  /** Cancels the job instead, and waits until its finished rows are collected. Absent if the job was not started. */
  readonly cancel: (() => Promise<Summary>) | undefined;
  constructor(look: () => Promise<SentSoFar>, left: Promise<void>, cancel?: () => Promise<Summary>) {
    super('The run was interrupted.');
    this.sentAtOnce = look;
    this.sent = () => left.then(look);
    this.cancel = cancel;
  }
}

function isJobFailure(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ExecutionError';
}
