import { readApiKey } from '../src/runtime/api-key.ts';
import type { NightshiftConfig } from '../src/config/config.ts';
import { resolveProfile } from '../src/config/resolve-profile.ts';
import type { TaskEdges } from '../src/announce/channel.ts';
import { InvalidRequest, ProviderDenied } from '../src/errors.ts';
import { summaryObject, type Summary } from '../src/checkpoints/summary.ts';
import { startJob, type StartEdges, type StartedJob } from '../src/doors/start-job.ts';
import { cancelToTheEnd } from './cancel-jobs.ts';
import { createLocalExecutions, type EngineEvent, type LocalExecutions } from './engine.ts';
import { loadMachine } from './load-stack.ts';
import type { Steps } from './worker-steps.ts';
import { readTreatment, toStartRequest, type AskedJob, type Treatment } from './start-request.ts';

export interface RunJob extends AskedJob {
  readonly config: NightshiftConfig;
  readonly edges: TaskEdges;
  /** Runs the machine's steps. Default: in this process. */
  readonly steps?: Steps | undefined;
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
  const treatment = await readTreatment(options);
  await refuseWithoutKey(config, treatment);
  const request = await toStartRequest(edges.store, config, options, treatment);
  return runStarted(options, (start) => startJob(start, request));
}

/** What runs a job that was started, whatever started it. */
type RunStarted = Omit<RunJob, keyof AskedJob>;

/**
 * Starts a job, and runs it to its end on this machine.
 * @param start starts it, or finds that there is nothing to start
 */
export async function runStarted(
  options: RunStarted,
  start: (edges: StartEdges) => Promise<StartedJob>,
): Promise<Summary> {
  const { config, edges } = options;
  const executions = await openExecutions(options);
  const started = await start({ ...edges, config, executions });
  const { jobId } = started;
  options.onStart?.(started);
  const failure =
    started.execution === undefined
      ? undefined
      : await finish(executions, started.execution, options.signal, () => cancelRun(options, jobId));
  const summary = await summaryObject.read(edges.store, jobId);
  if (summary !== undefined) return summary;
  throw new Error(`Job ${jobId} ended without a summary: ${failure ?? 'the reason is unknown'}`);
}

/** Cancels a job that this process has left. */
async function cancelRun(options: RunStarted, jobId: string): Promise<Summary> {
  const { config, edges } = options;
  await cancelToTheEnd({ ...edges, config, executions: await openExecutions(options) }, jobId);
  return summaryObject.require(edges.store, jobId);
}

async function openExecutions({
  config,
  edges,
  steps,
  bundles,
  onEvent,
}: RunStarted): Promise<LocalExecutions> {
  if (bundles === undefined) {
    return createLocalExecutions({
      ...(await loadMachine(config)),
      callStep: steps?.call ?? (await import('./call-handlers.ts')).callHandlers(edges),
      abandonSteps: () => steps?.abandon() ?? Promise.resolve(),
      onEvent,
    });
  }
  const { callBundles, stageBundles } = await import('./call-bundles.ts');
  const callStep = callBundles(await stageBundles(config, bundles));
  return createLocalExecutions({ ...(await loadMachine(config)), callStep, onEvent });
}

/**
 * Waits for an execution's end. A failed one has written its summary, which says why; without one (the disk is full), its
 * failure has to say it.
 * @returns why it failed
 */
async function finish(
  executions: LocalExecutions,
  execution: string,
  signal: AbortSignal | undefined,
  cancel: () => Promise<Summary>,
): Promise<string | undefined> {
  let left: Promise<void> | undefined;
  const abort = (): void => void (left = executions.leave());
  signal?.addEventListener('abort', abort);
  try {
    await executions.result(execution);
    return undefined;
  } catch (error) {
    if (signal?.aborted === true) {
      // Steps of this execution are not to meet those of the one that cancels.
      throw new RunAborted(execution, async () => left?.then(cancel) ?? cancel());
    }
    if (!isJobFailure(error)) throw error;
    return error.cause instanceof Error ? error.cause.message : error.message;
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

function isJobFailure(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ExecutionError';
}

/** Says at once what is missing, instead of letting the job find out at its first upload. */
async function refuseWithoutKey(config: NightshiftConfig, { profile, overrides }: Treatment): Promise<void> {
  const { provider } = resolveProfile(config, profile, overrides);
  try {
    await readApiKey(provider.name, process.env);
  } catch (error) {
    if (error instanceof ProviderDenied) throw new InvalidRequest(error.message, { cause: error });
    throw error;
  }
}
