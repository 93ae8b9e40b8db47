import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { callHandlers } from '../../local/call-handlers.ts';
import { createLocalExecutions, type CallStep, type EngineEvent } from '../../local/engine.ts';
import { loadMachine, type Machine } from '../../local/load-stack.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../local/simulator/index.ts';
import { defineConfig, type NightshiftConfig, type ProfileConfig } from '../../src/config/config.ts';
import type { Edges } from '../../src/edges.ts';
import type { ResultLine, Summary } from '../../src/job.ts';
import { deadLettersKey, resultsKey, summaryKey } from '../../src/keys.ts';
import type { LogEvent, LogFields } from '../../src/log.ts';
import { createProviderClient } from '../../src/provider/client.ts';
import { startJob } from '../../src/steps/start-job.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { requireJson } from '../../src/store/json.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

/**
 * A whole workflow in one test: the machine of the synthesized stack, the real handlers, a folder for the bucket and the
 * simulator over HTTP. Time is simulated: a wait moves the clock that the steps and the simulator share.
 */
export interface World {
  readonly store: ObjectStore;
  readonly simulator: Simulator;
  readonly logs: readonly { event: LogEvent; fields: LogFields }[];
  readonly events: readonly EngineEvent[];
  /** Runs an input to its end and reads everything it left. Running the same input again resumes its job. */
  run(input: string | Buffer, options?: RunOptions): Promise<Ended>;
}

export interface RunOptions extends ProfileConfig {
  /** Input file's name. Default `rows.jsonl`. */
  readonly name?: string;
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
  /** Wraps the calls of the steps: to fail one, or to look at what crosses. */
  readonly wrap?: (call: CallStep) => CallStep;
  /** Profiles other than the one that asks the simulator. */
  readonly config?: NightshiftConfig;
}

export const KEY = 'sk-mel-secret-of-the-tests';

const CONFIG: NightshiftConfig = defineConfig({
  providers: { 'openai-simulator': { dialect: 'openai', baseUrl: 'http://127.0.0.1:9/v1' } },
  profiles: { default: { provider: 'simulator', model: 'glm-4.7:batch' } },
});

let machine: Promise<Machine> | undefined;

export async function openWorld({
  wrap = (call) => call,
  config = CONFIG,
  ...options
}: WorldOptions = {}): Promise<World> {
  machine ??= loadMachine(CONFIG);
  const { definition, functions } = await machine;
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const clock = createClock();
  const simulator = await startSimulator({ apiKey: KEY, ...options, clock });
  onTestFinished(() => simulator.close());
  const logs: { event: LogEvent; fields: LogFields }[] = [];
  const events: EngineEvent[] = [];
  const edges = openEdges(folder, simulator, clock, (event, fields) => logs.push({ event, fields }));

  const executions = createLocalExecutions({
    definition,
    functions,
    callStep: clock.follow(wrap(callHandlers(edges))),
    onEvent: (event) => events.push(event),
    instant: true,
  });

  async function run(
    input: string | Buffer,
    { name = 'rows.jsonl', profile = 'default', more = [], ...overrides }: RunOptions = {},
  ): Promise<Ended> {
    const jobId = `test-${name.replaceAll(/\W/g, '-')}`;
    const key = `input/${name}`;
    await edges.store.put(key, input);
    const inputs = [key, ...more].map((each) => ({ key: each }));
    const request = { jobId, inputs: () => Promise.resolve(inputs), profile, overrides };
    const { execution } = await startJob({ ...edges, config, executions }, request);
    const error = execution === undefined ? undefined : await failureOf(executions.result(execution));
    return { ...(await readEnd(edges.store, jobId)), error };
  }

  return { store: edges.store, simulator, logs, events, run };
}

export interface TestClock {
  now(): number;
  /** Moves on to a time, ISO 8601. */
  moveTo(time: string): void;
  /** Moves on by what each step says the machine will wait. */
  follow(call: CallStep): CallStep;
}

export function createClock(): TestClock {
  let now = Date.UTC(2026, 10, 1, 22);
  return {
    now: () => now,
    moveTo: (time) => void (now = Math.max(now, Date.parse(time))),
    follow: (call) => async (step, event) => {
      const output = await call(step, event);
      const { waitSeconds = 0 } = (output ?? {}) as { waitSeconds?: number };
      now += waitSeconds * 1_000;
      return output;
    },
  };
}

export function openEdges(folder: string, simulator: Simulator, clock: TestClock, log: Edges['log']): Edges {
  return {
    store: createFolderStore(folder),
    provider: (settings) => {
      const client = createProviderClient({
        settings: { ...settings, baseUrl: simulator.url },
        apiKey: () => Promise.resolve(KEY),
        wait: () => Promise.resolve(),
      });
      onTestFinished(() => client.close());
      return client;
    },
    clock,
    random: () => 0.5,
    log,
  };
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
  return (await readFile(store.locate(key)).catch(() => Buffer.alloc(0))).toString('utf8');
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
