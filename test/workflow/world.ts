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
 * A whole workflow in one test: the machine of the synthesized stack, the real handlers, a bucket in memory and the
 * simulator over HTTP. Time is simulated: a wait moves the clock that the steps and the simulator share.
 */
export interface World {
  readonly store: ObjectStore;
  readonly simulator: Simulator;
  readonly logs: readonly { event: LogEvent; fields: LogFields }[];
  readonly events: readonly EngineEvent[];
  /** Runs an input to its end and reads everything it left. Running the same input again resumes its job. */
  run(input: string | Buffer, options?: RunOptions): Promise<Ended>;
  /** Retries a job to its end, and reads what the job has then. */
  retry(jobId: string, treatment?: RetryTreatment): Promise<Ended & { readonly retryId: string }>;
  resume(jobId: string): Promise<Error | undefined>;
  /** Cancels a job; the execution that runs is stopped. */
  cancel(jobId: string): Promise<void>;
  /** Ends a job's execution as Step Functions does when its time is over. */
  timeOut(jobId: string): Promise<void>;
  /** Waits for the job's last execution, and reads what it left. */
  ended(jobId: string): Promise<Ended>;
  /** Approves or rejects a job by its pilot, and lets it go on to its end if it had ended. */
  judge(jobId: string, decision: Decision): Promise<void>;
}

export interface RunOptions extends ProfileConfig {
  /** Input file's name. Default `rows.jsonl`. */
  readonly name?: string;
  /** Default: made from the name. */
  readonly jobId?: string;
  /** Most rows to take: the job is a sample. */
  readonly limit?: number;
  /** Default `default`. */
  readonly profile?: string;
  /** Keys of further inputs of the same job. */
  readonly more?: readonly string[];
}

export interface Ended {
  readonly jobId: string;
  readonly summary: Summary;
  readonly results: ResultLine[];
  readonly deadLetters: Record<string, unknown>[];
  readonly deadLettersText: string;
  /** The execution's error, when it failed. */
  readonly error: Error | undefined;
}

export interface WorldOptions extends Omit<SimulatorOptions, 'clock' | 'folder' | 'port'> {
  /** The bucket. Default: one in memory. */
  readonly store?: ObjectStore;
  /** Wraps the calls of the steps: to fail one, or to look at what crosses. */
  readonly wrap?: (call: CallStep) => CallStep;
  /** Profiles other than the one that asks the simulator. */
  readonly config?: NightshiftConfig;
  /** Where the provider is, when it is not the simulator. */
  readonly providerUrl?: string;
  /** Where some of the providers are, by their names. */
  readonly urls?: Readonly<Record<string, string>>;
  /** Of the step that announces the job's end: `WEBHOOK_URL`, `WEBHOOK_SECRET`. Default: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** How much time each call of a step has. Default: no end. */
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

/** A JSONL input of prompts with the ids q0, q1, …; `prompt` makes each text. */
export function prompts(count: number, prompt: (n: number) => string = (n) => `prompt ${n}`): string {
  return Array.from(
    { length: count },
    (_, n) => `${JSON.stringify({ custom_id: `q${n}`, prompt: prompt(n) })}\n`,
  ).join('');
}

/** Answers that were paid for, of all rows together. */
export function paidAnswers({ simulator }: World): number {
  return [...simulator.answersPerRow().values()].reduce((sum, answers) => sum + answers, 0);
}

/** Every row has one result, the counts say so, and those that are not ok have the dead letters, in their order. */
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
