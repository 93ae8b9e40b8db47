import { expect, onTestFinished } from 'vitest';
import { callHandlers } from '../../host/call-handlers.ts';
import type { EngineEvent } from '../../host/engine-events.ts';
import { createLocalExecutions, type CallStep } from '../../host/engine.ts';
import { loadMachine, type Machine } from '../../host/load-stack.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/index.ts';
import type { NightshiftConfig, ProfileConfig } from '../../src/config/config.ts';
import type { ResultLine } from '../../src/checkpoints/result-line.ts';
import { rowsNotOk, settledRows } from '../../src/checkpoints/outcomes.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { deadLettersKey, resultsKey, summaryKey } from '../../src/checkpoints/keys.ts';
import type { Log, LogEvent, LogFields } from '../../src/log.ts';
import { pilotObject } from '../../src/checkpoints/pilot.ts';
import { cancelJob, cancelStoppedJob } from '../../src/job-control/cancel-job.ts';
import { approveOrReject, type Decision } from '../../src/job-control/approve-or-reject.ts';
import { lastExecution } from '../../src/executions/executions.ts';
import { retryJob, type RetryTreatment } from '../../src/job-control/retry-job.ts';
import { resumeJob, startJob } from '../../src/job-control/start-job.ts';
import { requireJson } from '../../src/store/json.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createClock } from '../support/clock.ts';
import { CONFIG } from '../support/config.ts';
import type { StepTime } from '../../src/pace.ts';
import { KEY, openEdges } from '../support/edges.ts';
import { createMemoryBucket } from '../support/memory-bucket.ts';
import { openTempFolder } from '../support/temp-folder.ts';

/**
 * A whole workflow in one test: the state machine of the synthesized stack, the real handlers, a bucket in memory, and the simulator over HTTP.
 * Time is simulated: a wait moves the clock that the steps and the simulator share.
 */
export interface World {
  readonly store: ObjectStore;
  readonly simulator: Simulator;
  readonly logs: readonly { event: LogEvent; fields: LogFields }[];
  readonly events: readonly EngineEvent[];
  /** Runs a job with this input to its end and reads its results. Running the same input again resumes its job. */
  run(input: string | Buffer, options?: RunOptions): Promise<Ended>;
  /** Retries a job to its end and reads the results of the merged job. */
  retry(jobId: string, treatment?: RetryTreatment): Promise<Ended & { readonly retryId: string }>;
  resume(jobId: string): Promise<Error | undefined>;
  /** Cancels a job, and stops its running execution. */
  cancel(jobId: string): Promise<void>;
  /** Ends a job's execution as Step Functions does at its timeout. */
  timeOut(jobId: string): Promise<void>;
  /** Waits for the job's last execution and reads its results. */
  ended(jobId: string): Promise<Ended>;
  /** Approves or rejects a job after its pilot. Resumes the job to its end if it had ended. */
  judge(jobId: string, decision: Decision): Promise<void>;
}

export interface RunOptions extends ProfileConfig {
  /** Name of the input file. Default: `rows.jsonl`. */
  readonly name?: string;
  /** Default: derived from the name. */
  readonly jobId?: string;
  /** Maximum number of rows. The job is a sample. */
  readonly limit?: number;
  /** Default: `default`. */
  readonly profile?: string;
  /** Keys of further input files. */
  readonly more?: readonly string[];
}

export interface Ended {
  readonly jobId: string;
  readonly summary: Summary;
  readonly results: ResultLine[];
  readonly deadLetters: Record<string, unknown>[];
  readonly deadLettersText: string;
  /** The error of a failed execution. */
  readonly error: Error | undefined;
}

export interface WorldOptions extends Omit<SimulatorOptions, 'clock' | 'folder' | 'port'> {
  /** The bucket. Default: one in memory. */
  readonly store?: ObjectStore;
  /** Wraps the calls of the steps: to make one fail, or to inspect inputs and outputs. */
  readonly wrap?: (call: CallStep) => CallStep;
  /** Default: profiles that use the simulator. */
  readonly config?: NightshiftConfig;
  /** URL of the provider. Default: the simulator's. */
  readonly providerUrl?: string;
  /** URLs of providers by their names. */
  readonly urls?: Readonly<Record<string, string>>;
  /** `WEBHOOK_URL` and `WEBHOOK_SECRET` of the step that announces the job's end. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** Time of each call of a step. Default: unlimited. */
  readonly time?: (step: string) => StepTime | undefined;
}

let machine: Promise<Machine> | undefined;

export async function openWorld({
  store = createMemoryBucket(),
  wrap = (call) => call,
  config = CONFIG,
  env = {},
  providerUrl,
  urls,
  time,
  ...options
}: WorldOptions = {}): Promise<World> {
  machine ??= loadMachine(CONFIG);
  const { definition, functions } = await machine;
  const clock = createClock();
  const simulator = await startSimulator({ apiKey: KEY, ...options, clock });
  onTestFinished(() => simulator.close());
  const logs: { event: LogEvent; fields: LogFields }[] = [];
  const events: EngineEvent[] = [];
  const log: Log = (event, fields) => void logs.push({ event, fields });
  const edges = openEdges(store, { url: providerUrl ?? simulator.url, urls }, clock, log, env);
  onTestFinished(() => edges[Symbol.asyncDispose]());

  const executions = createLocalExecutions({
    definition,
    functions,
    callStep: clock.follow(
      wrap((step, event) => callHandlers({ ...edges, time: time?.(step) })(step, event)),
    ),
    onEvent: (event) => events.push(event),
    instant: true,
  });

  async function run(
    input: string | Buffer,
    { name = 'rows.jsonl', profile = 'default', more = [], limit, ...options }: RunOptions = {},
  ): Promise<Ended> {
    const { jobId = `test-${name.replaceAll(/\W/g, '-')}`, ...overrides } = options;
    const key = `input/${name}`;
    await edges.store.put(key, input);
    const inputs = [key, ...more].map((each) => ({ key: each }));
    const request = { jobId, limit, inputs: () => Promise.resolve(inputs), profile, overrides };
    const { execution } = await startJob({ ...edges, config, executions }, request);
    const error = execution === undefined ? undefined : await failureOf(executions.result(execution));
    return { ...(await readEnd(edges.store, jobId)), error };
  }

  async function retry(jobId: string, treatment?: RetryTreatment): Promise<Ended & { retryId: string }> {
    const started = await retryJob({ ...edges, config, executions }, jobId, treatment);
    const { execution, jobId: retryId = '' } = started ?? {};
    const error = execution === undefined ? undefined : await failureOf(executions.result(execution));
    return { ...(await readEnd(edges.store, jobId)), retryId, error };
  }

  async function resume(jobId: string): Promise<Error | undefined> {
    const { execution = '' } = (await resumeJob({ ...edges, config, executions }, jobId)) ?? {};
    return failureOf(executions.result(execution));
  }

  async function judge(jobId: string, decision: Decision): Promise<void> {
    await approveOrReject({ ...edges, config, executions }, jobId, decision);
    const last = await lastExecution(executions, jobId);
    if (last?.running === true && (await pilotObject.require(edges.store, jobId)).state !== 'waiting')
      await failureOf(executions.result(last.name));
  }

  async function ended(jobId: string): Promise<Ended> {
    const last = await lastExecution(executions, jobId);
    const error = last && (await failureOf(executions.result(last.name)));
    return { ...(await readEnd(edges.store, jobId)), error };
  }

  const cancel = async (jobId: string): Promise<void> =>
    void (await cancelJob({ ...edges, config, executions }, jobId));

  async function timeOut(jobId: string): Promise<void> {
    const last = await lastExecution(executions, jobId);
    const name = last?.name ?? jobId;
    await executions.stop(name, 'States.Timeout');
    const event = { source: 'aws.states', detail: { name, status: 'TIMED_OUT' } };
    await cancelStoppedJob({ ...edges, config, executions }, event);
  }

  return { store: edges.store, simulator, logs, events, run, retry, resume, judge, cancel, timeOut, ended };
}

/** A {@link World} whose bucket is a folder, for tests that read its files. */
export async function openFolderWorld(options: WorldOptions = {}): Promise<World> {
  return openWorld({ ...options, store: createFolderStore(await openTempFolder()) });
}

async function failureOf(result: Promise<unknown>): Promise<Error | undefined> {
  try {
    await result;
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

async function readEnd(store: ObjectStore, jobId: string): Promise<Omit<Ended, 'error'>> {
  const deadLettersText = await textOf(store, deadLettersKey(jobId));
  return {
    jobId,
    summary: await requireJson<Summary>(store, summaryKey(jobId)),
    results: parseLines<ResultLine>(await textOf(store, resultsKey(jobId))),
    deadLetters: parseLines(deadLettersText),
    deadLettersText,
  };
}

async function textOf(store: ObjectStore, key: string): Promise<string> {
  return String((await store.get(key)) ?? '');
}

function parseLines<Line>(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

/** JSON lines with the ids q0, q1, …. `prompt` makes the text of each row. */
export function prompts(count: number, prompt: (n: number) => string = (n) => `prompt ${n}`): string {
  return Array.from(
    { length: count },
    (_, n) => `${JSON.stringify({ custom_id: `q${n}`, prompt: prompt(n) })}\n`,
  ).join('');
}

/** Number of paid answers of all rows together. */
export function paidAnswers({ simulator }: World): number {
  return [...simulator.answersPerRow().values()].reduce((sum, answers) => sum + answers, 0);
}

/** Checks that every row has one result, the counts match the results, and the dead letters are the rows that are not ok, in their order. */
export function expectReconciled({ summary, results, deadLetters }: Ended): void {
  expect(settledRows(summary.counts)).toBe(summary.rows);
  const { sent = 0, deduplicated, reused, taken, counts } = summary;
  const unsent = (deduplicated?.rows ?? 0) + (reused?.rows ?? 0) + (taken?.rows ?? 0) + counts.invalid;
  expect(sent + unsent).toBe(summary.rows);
  expect(results).toHaveLength(summary.rows);
  expect(summary.counts.ok).toBe(results.filter(({ ok }) => ok).length);
  expect(deadLetters).toHaveLength(rowsNotOk(summary.counts));
  const bad = results.filter(({ ok }) => !ok).map(({ custom_id }) => custom_id);
  expect(deadLetters.map(({ custom_id }) => custom_id)).toEqual(bad);
}
