import { readApiKey } from '../src/runtime/api-key.ts';
import type { NightshiftConfig, ProfileConfig } from '../src/config/config.ts';
import { resolveProfile } from '../src/config/resolve-profile.ts';
import type { Edges } from '../src/edges.ts';
import { InvalidRequest, ProviderDenied } from '../src/errors.ts';
import type { Summary } from '../src/job.ts';
import { summaryKey } from '../src/keys.ts';
import { startJob, type StartedJob } from '../src/steps/start-job.ts';
import { requireJson } from '../src/store/json.ts';
import { callBundles } from './call-bundles.ts';
import { callHandlers } from './call-handlers.ts';
import { createLocalExecutions, type EngineEvent, type LocalExecutions } from './engine.ts';
import { takeIn } from './take-in.ts';

export interface RunFile {
  readonly file: string;
  readonly profile: string;
  readonly overrides: ProfileConfig;
  /** Makes the run a job of its own although its file and options have run before. */
  readonly again: boolean;
  readonly config: NightshiftConfig;
  readonly edges: Edges;
  /** Bundle the Lambdas into this folder and run the bundles, with edges from the environment. */
  readonly bundles?: string | undefined;
  /** Told of each step; not told anything when the job had ended before. */
  readonly onStart?: (job: StartedJob) => void;
  readonly onEvent?: (event: EngineEvent) => void;
  /** Aborting stops the job where it stands; running it again resumes it. */
  readonly signal?: AbortSignal;
}

/**
 * Runs one file to its end on this machine: the synthesized state machine, the Lambdas' handlers in this process.
 * @returns the job's summary, also when the job failed.
 * @throws InvalidRequest when there is nothing to run: no such file, profile, provider or key.
 */
export async function runFile(options: RunFile): Promise<Summary> {
  const { config, edges, profile, overrides } = options;
  await refuseWithoutKey(config, profile, overrides);
  const { jobId, key } = await takeIn(edges.store, {
    file: options.file,
    identity: [treatment(config, profile, overrides)],
    again: options.again,
  });
  const executions = await openExecutions(options);
  const started = await startJob(
    { ...edges, config, executions },
    { jobId, inputs: [{ key }], profile, overrides },
  );
  options.onStart?.(started);
  if (started.execution !== undefined) await finish(executions, started.execution, options.signal);
  return requireJson<Summary>(edges.store, summaryKey(jobId));
}

/** What makes two runs of one file the same job: all that decides on the answers, but not how often they are asked for. */
function treatment(config: NightshiftConfig, profile: string, overrides: ProfileConfig): string {
  const { polling: _polling, provider, ...rest } = resolveProfile(config, profile, overrides);
  return JSON.stringify({ ...rest, provider: provider.name });
}

/** The CDK is loaded only now: whoever asks for help or mistypes an option need not wait for it. */
async function openExecutions({ config, edges, bundles, onEvent }: RunFile): Promise<LocalExecutions> {
  const { loadMachine, machineOf, synthesizeBundles } = await import('./load-machine.ts');
  if (bundles === undefined) {
    return createLocalExecutions({ ...(await loadMachine(config)), callStep: callHandlers(edges), onEvent });
  }
  const synthesized = synthesizeBundles(config, bundles);
  return createLocalExecutions({ ...machineOf(synthesized), callStep: callBundles(synthesized), onEvent });
}

/** A failed execution has written its summary, which says why; without one, the failure itself has to say it. */
async function finish(executions: LocalExecutions, execution: string, signal?: AbortSignal): Promise<void> {
  const abort = (): void => executions.abort(execution);
  signal?.addEventListener('abort', abort);
  try {
    await executions.result(execution);
  } catch (error) {
    if (signal?.aborted === true) throw new RunAborted(execution);
    if (!isJobFailure(error)) throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** The run was interrupted; its job goes on from its checkpoints when it is run again. */
export class RunAborted extends Error {
  override readonly name = 'RunAborted';
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
