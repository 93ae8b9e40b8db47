import { callHandlers } from '../../host/call-handlers.ts';
import { createLocalExecutions, type CallStep } from '../../host/engine.ts';
import { loadMachine, type Machine } from '../../host/load-stack.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../simulator/index.ts';
import type { NightshiftConfig, ProfileConfig } from '../../src/config/config.ts';
import type { TaskEdges } from '../../src/announce/channel.ts';
import type { ResultLine } from '../../src/checkpoints/result-line.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { deadLettersKey, resultsKey, summaryKey } from '../../src/checkpoints/keys.ts';
import {
  startJob,
  type StartEdges,
  type StartedJob,
  type StartRequest,
} from '../../src/job-control/start-job.ts';
import { readJson } from '../../src/store/json.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createClock, type TestClock } from '../support/clock.ts';
import { CONFIG } from '../support/config.ts';
import { KEY, openEdges } from '../support/edges.ts';
import { createMemoryBucket } from '../support/memory-bucket.ts';

/** One job under faults, with the real state machine and handlers, and the simulator over HTTP. Only time is simulated. */
export interface Trial extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly clock: TestClock;
  readonly edges: TaskEdges;
  /** The request for the job. */
  readonly request: StartRequest;
  /** Starts or resumes the job. Returns when its execution has ended or the process has died. */
  run(options?: RunOptions): Promise<void>;
  /** @param jobId another job than that of the request */
  end(jobId?: string): Promise<JobEnd>;
  /** Everything that the job has written: files, logs, payloads. */
  allText(): Promise<string>;
}

export interface RunOptions {
  /** Wraps the edges of the steps. */
  readonly wrap?: (edges: TaskEdges) => TaskEdges;
  readonly wrapCalls?: (call: CallStep) => CallStep;
  /** Resolves when the process has died. */
  readonly died?: Promise<void>;
  /** Starts another job than that of the request. */
  readonly start?: Start | undefined;
}

type Start = (edges: StartEdges) => Promise<StartedJob | undefined>;

export interface JobEnd {
  readonly summary: Summary | undefined;
  readonly results: string;
  readonly deadLetters: string;
}

export interface TrialOptions extends Omit<SimulatorOptions, 'clock' | 'folder' | 'port'> {
  readonly input: string;
  /** The bucket. Default: one in memory. */
  readonly store?: ObjectStore;
  /** Contents of further input files, which follow the first one. */
  readonly more?: readonly string[];
  readonly profile?: ProfileConfig;
  /** Default: a profile without limits that uses the simulator. */
  readonly config?: NightshiftConfig;
}

export const JOB_ID = 'trial-0123456789abcdef';
const INPUT_KEY = 'input/rows.jsonl';

let machine: Promise<Machine> | undefined;

export async function openTrial({
  input,
  store = createMemoryBucket(),
  more = [],
  profile = {},
  config = CONFIG,
  ...options
}: TrialOptions): Promise<Trial> {
  machine ??= loadMachine(CONFIG);
  const { definition, functions } = await machine;
  const clock = createClock();
  const simulator = await startSimulator({ apiKey: KEY, ...options, clock });
  const written: string[] = [];
  const edges = openEdges(store, simulator, clock, (event, fields) =>
    written.push(JSON.stringify({ event, ...fields })),
  );
  const keys = [INPUT_KEY, ...more.map((_, n) => `input/more-${n}.jsonl`)];
  for (const [n, key] of keys.entries()) await edges.store.put(key, [input, ...more][n] ?? '');

  const request: StartRequest = {
    jobId: JOB_ID,
    profile: 'default',
    overrides: profile,
    inputs: () => Promise.resolve(keys.map((key) => ({ key }))),
  };

  async function run({
    wrap = (same) => same,
    wrapCalls = (same) => same,
    died,
    start = (startEdges) => startJob(startEdges, request),
  }: RunOptions = {}) {
    const wrapped = wrap(edges);
    const executions = createLocalExecutions({
      definition,
      functions,
      callStep: clock.follow(wrapCalls(callHandlers(wrapped))),
      onEvent: (event) => written.push(JSON.stringify(event)),
      instant: true,
    });
    const startEdges: StartEdges = { ...wrapped, config, executions };
    const job = async (): Promise<void> => {
      try {
        const { execution } = (await start(startEdges)) ?? {};
        if (execution !== undefined) await executions.result(execution);
      } catch {
        // Tests see a failure by what it left.
      }
    };
    await (died === undefined ? job() : Promise.race([job(), died]));
  }

  return {
    simulator,
    clock,
    edges,
    request,
    run,
    end: async (jobId = JOB_ID) => ({
      summary: await readJson<Summary>(edges.store, summaryKey(jobId)),
      results: String((await edges.store.get(resultsKey(jobId))) ?? ''),
      deadLetters: String((await edges.store.get(deadLettersKey(jobId))) ?? ''),
    }),
    allText: async () => [...(await textsOf(edges.store)), ...written].join('\n'),
    [Symbol.asyncDispose]: async () => {
      await edges[Symbol.asyncDispose]();
      await simulator.close();
    },
  };
}

async function textsOf(store: ObjectStore): Promise<string[]> {
  const keys = await Array.fromAsync(store.list(''), ({ key }) => key);
  // An object that a dead process was writing may be deleted during this loop.
  return Promise.all(keys.map(async (key) => String((await store.get(key)) ?? '')));
}

export function resultLines({ results }: JobEnd): ResultLine[] {
  return results
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ResultLine);
}

/**
 * Violations that hold for every end of a job, including failures: a row that the provider has answered is in the results, or an open batch is
 * reported.
 */
export async function openViolations(trial: Trial): Promise<string[]> {
  const end = await trial.end();
  // Without a summary, the job has reported no end.
  if (end.summary === undefined) return [];
  const { open = [], failure } = end.summary;
  const answered = new Set(resultLines(end).flatMap(({ custom_id, ok }) => (ok ? [custom_id] : [])));
  const unread = [...trial.simulator.answersPerRow().keys()].filter((id) => !answered.has(id));
  if (unread.length === 0 || open.length > 0) return [];
  return [
    `${unread.length} rows are answered at the provider, and no open batch is reported: ${failure?.message}`,
  ];
}

/**
 * Violations of what holds for a job that has ended with results, whatever faults it had. One line each.
 * @param ids the custom_ids of all input rows, in order
 * @param hasKeys whether batches show their round. Otherwise, the same rows in another round look the same.
 */
export async function violations(trial: Trial, ids: readonly string[], hasKeys = true): Promise<string[]> {
  const { simulator } = trial;
  const end = await trial.end();
  const found: string[] = [];
  const check = (holds: boolean, what: string): void => void (holds || found.push(what));
  const told = resultLines(end).map(({ custom_id }) => custom_id);
  check(end.summary !== undefined, 'there is no summary');
  check(
    JSON.stringify(told) === JSON.stringify(ids),
    `rows and results differ: ${ids.length} rows, ${told.length} results`,
  );
  const vanished = simulator.batches().filter(({ actions }) => actions.some(({ kind }) => kind === 'vanish'));
  const hidden = unlisted(simulator);
  for (const [key, creates] of simulator.createsPerKey()) {
    // A batch that the provider lost before the job could see it is created again.
    const lost = [...vanished, ...hidden].filter(({ metadata }) => metadata['key'] === key).length;
    check(!hasKeys || creates <= 1 + lost, `${creates} batches were made for ${key}`);
  }
  const reported = new Set(
    end.summary?.open?.flatMap(({ batchId, candidates = [] }) => [batchId, ...candidates]),
  );
  const open = simulator
    .batches()
    .filter((batch) => batch.end === undefined && ![...vanished, ...hidden].includes(batch))
    .filter(({ id }) => !reported.has(id));
  check(open.length === 0, `${open.length} batches are left open`);
  // A row whose result line is unreadable is sent again once, and counted.
  const hiddenRows = hidden.reduce((sum, { requests }) => sum + requests, 0);
  // A row that the provider answered in a batch that it then lost is paid for twice.
  const vanishedRows = vanished.reduce((sum, batch) => sum + (batch.end?.succeeded ?? 0), 0);
  const mayBeTwice =
    (end.summary?.unexplained.paidTwice ?? 0) + lostByCancel(simulator) + hiddenRows + vanishedRows;
  const twice = [...simulator.answersPerRow()].filter(([, paid]) => paid > 1);
  check(twice.length <= mayBeTwice, `${twice.length} rows are paid for twice, and ${mayBeTwice} may be`);
  for (const [id, paid] of twice) check(paid <= 2, `${id} was answered, and paid for, ${paid} times`);
  const gone = new Set(vanished.flatMap((batch) => [batch.end?.outputFileId, batch.end?.errorFileId]));
  const files = simulator.files().filter(({ id }) => !gone.has(id));
  const left = end.summary?.left ?? [];
  check(
    files.every(({ id, name }) => left.includes(id) || left.includes(name)),
    `${files.length} files are left at the provider and not told of`,
  );
  check(!(await trial.allText()).includes(KEY), 'the key was written down');
  return found;
}

/** Longer than the job looks for the batch of a lost create, in seconds. */
const LONG_HIDDEN = 180;

/** Batches that the list shows so late that the job creates them again after a lost create. */
function unlisted(simulator: Simulator): ReturnType<Simulator['batches']> {
  return simulator
    .batches()
    .filter(({ actions }) =>
      actions.some(
        (action) => action.kind === 'hidden' && action.from !== 'get' && action.seconds > LONG_HIDDEN,
      ),
    );
}

/** Number of answered rows in cancelled batches whose answers the provider lost. */
function lostByCancel(simulator: Simulator): number {
  return simulator
    .batches()
    .flatMap(({ end }) =>
      end?.ending === 'cancelled' && end.outputFileId === undefined ? [end.succeeded] : [],
    )
    .reduce((sum, rows) => sum + rows, 0);
}

/** Number of rows in batches that the provider lost or hid, or whose answers it lost after a cancel. */
export function unreportedRows(simulator: Simulator): number {
  const lost = simulator
    .batches()
    .filter(({ actions }) => actions.some(({ kind }) => kind === 'vanish' || kind === 'hidden'));
  return lost.reduce((sum, { requests }) => sum + requests, 0) + lostByCancel(simulator);
}
