import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { readApiKey } from '../src/runtime/api-key.ts';
import type { NightshiftConfig, ProfileConfig } from '../src/config/config.ts';
import { resolveProfile } from '../src/config/resolve-profile.ts';
import type { ProviderEdges } from '../src/edges.ts';
import { InvalidRequest, ProviderDenied } from '../src/errors.ts';
import type { Summary } from '../src/job.ts';
import { JOB_FILE_SUFFIX, summaryKey } from '../src/keys.ts';
import { hashOfRequest, parseJobFile } from '../src/requests/job-request.ts';
import { resolveInputs } from '../src/requests/resolve-inputs.ts';
import { startJob, type StartedJob, type StartRequest } from '../src/doors/start-job.ts';
import { requireJson } from '../src/store/json.ts';
import { cancelToTheEnd } from './cancel-jobs.ts';
import { callBundles } from './call-bundles.ts';
import { callHandlers } from './call-handlers.ts';
import { createLocalExecutions, type EngineEvent, type LocalExecutions } from './engine.ts';
import { chooseJob, takeIn } from './take-in.ts';

export interface RunJob {
  /** Input files of one job, or one job request (`*.job.json`). */
  readonly files: readonly string[];
  /** Default: the job request's, else `default`. */
  readonly profile: string | undefined;
  readonly overrides: ProfileConfig;
  /** Makes the run a job of its own although its file and options have run before. */
  readonly again: boolean;
  readonly config: NightshiftConfig;
  readonly edges: ProviderEdges;
  /** Bundle the Lambdas into this folder and run the bundles, with edges from the environment. */
  readonly bundles?: string | undefined;
  /** Told of each step; not told anything when the job had ended before. */
  readonly onStart?: (job: StartedJob) => void;
  readonly onEvent?: (event: EngineEvent) => void;
  /** Aborting stops the job where it stands; running it again resumes it. */
  readonly signal?: AbortSignal;
}

/**
 * Runs one job to its end on this machine: the synthesized state machine, the Lambdas' handlers in this process.
 * @returns the job's summary, also when the job failed.
 * @throws InvalidRequest when there is nothing to run: no such file, profile, provider or key.
 */
export async function runJob(options: RunJob): Promise<Summary> {
  const { config, edges } = options;
  const request = await toStartRequest(options);
  const executions = await openExecutions(options);
  const started = await startJob({ ...edges, config, executions }, request);
  options.onStart?.(started);
  if (started.execution !== undefined) {
    await finish(executions, started.execution, options.signal, () => cancelRun(options, request.jobId));
  }
  return requireJson<Summary>(edges.store, summaryKey(request.jobId));
}

/** Cancels a job that this process has left. */
async function cancelRun(options: RunJob, jobId: string): Promise<Summary> {
  const { config, edges } = options;
  await cancelToTheEnd({ ...edges, config, executions: await openExecutions(options) }, jobId);
  return requireJson<Summary>(edges.store, summaryKey(jobId));
}

/** Files become the inputs of one job; a job request names its inputs, which then lie in the data folder. */
async function toStartRequest(options: RunJob): Promise<StartRequest> {
  const { config, edges, files, again } = options;
  const [jobFile, ...more] = files.filter((file) => file.endsWith(JOB_FILE_SUFFIX));
  if (jobFile !== undefined && files.length > 1) {
    throw new InvalidRequest(`${more[0] ?? jobFile} is a job request: run it alone.`);
  }
  const request = jobFile === undefined ? undefined : parseJobFile(await readWhole(jobFile), jobFile);
  const profile = options.profile ?? request?.profile ?? 'default';
  const overrides = { ...request?.overrides, ...options.overrides };
  await refuseWithoutKey(config, profile, overrides);
  const identity = [treatment(config, profile, overrides)];
  if (request === undefined || jobFile === undefined) {
    const { jobId, inputs } = await takeIn(edges.store, { files, identity, again });
    return { jobId, profile, overrides, inputs: () => Promise.resolve(inputs) };
  }
  const name = request.name ?? basename(jobFile);
  const jobId = await chooseJob(edges.store, name, [hashOfRequest(request), ...identity], again);
  return { jobId, profile, overrides, inputs: () => resolveInputs(edges.store, jobId, request) };
}

async function readWhole(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new InvalidRequest(`There is no file ${file}.`, { cause: error });
  }
}

/** What makes two runs of one file the same job: all that decides on the answers, but not how often they are asked for. */
function treatment(config: NightshiftConfig, profile: string, overrides: ProfileConfig): string {
  const { polling: _polling, provider, ...rest } = resolveProfile(config, profile, overrides);
  return JSON.stringify({ ...rest, provider: provider.name });
}

/** The CDK is loaded only now: whoever asks for help or mistypes an option need not wait for it. */
async function openExecutions({ config, edges, bundles, onEvent }: RunJob): Promise<LocalExecutions> {
  const { loadMachine, machineOf, synthesizeBundles } = await import('./load-stack.ts');
  if (bundles === undefined) {
    return createLocalExecutions({ ...(await loadMachine(config)), callStep: callHandlers(edges), onEvent });
  }
  const synthesized = synthesizeBundles(config, bundles);
  return createLocalExecutions({ ...machineOf(synthesized), callStep: callBundles(synthesized), onEvent });
}

/** A failed execution has written its summary, which says why; without one, the failure itself has to say it. */
async function finish(
  executions: LocalExecutions,
  execution: string,
  signal: AbortSignal | undefined,
  cancel: () => Promise<Summary>,
): Promise<void> {
  const abort = (): void => void executions.leave();
  signal?.addEventListener('abort', abort);
  try {
    await executions.result(execution);
  } catch (error) {
    if (signal?.aborted === true) throw new RunAborted(execution, cancel);
    if (!isJobFailure(error)) throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** The run was interrupted; its job goes on from its checkpoints when it is run again. */
export class RunAborted extends Error {
  override readonly name = 'RunAborted';
  /** Cancels the job instead, and waits for what it leaves. */
  readonly cancel: () => Promise<Summary>;
  constructor(execution: string, cancel: () => Promise<Summary>) {
    super(`${execution} was interrupted.`);
    this.cancel = cancel;
  }
}

function isJobFailure(error: unknown): boolean {
  return error instanceof Error && error.name === 'ExecutionError';
}

/** Says at once what is missing, instead of letting the job find out at its first upload. */
async function refuseWithoutKey(
  config: NightshiftConfig,
  profile: string,
  overrides: ProfileConfig,
): Promise<void> {
  const { provider } = resolveProfile(config, profile, overrides);
  try {
    await readApiKey(provider.name, process.env);
  } catch (error) {
    if (error instanceof ProviderDenied) throw new InvalidRequest(error.message, { cause: error });
    throw error;
  }
}
