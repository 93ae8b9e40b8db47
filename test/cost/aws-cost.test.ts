import { afterEach, expect, test } from 'vitest';
import { estimateAwsCost } from '../../src/cost/aws-cost.ts';
import { PRICES } from '../../src/cost/aws-prices.ts';
import { buildSeconds, stepSeconds, type CostedStep } from '../../src/cost/step-seconds.ts';
import type { EngineEvent } from '../../host/engine-events.ts';
import { createLocalExecutions } from '../../host/engine.ts';
import { callHandlers } from '../../host/call-handlers.ts';
import { loadMachine } from '../../host/load-stack.ts';
import { startSimulator } from '../../simulator/index.ts';
import { startJob } from '../../src/job-control/start-job.ts';
import { EVENTS_PER_POLL } from '../../src/steps/history.ts';
import type { Plan } from '../../src/checkpoints/plan.ts';
import { planKey } from '../../src/checkpoints/keys.ts';
import { requireJson } from '../../src/store/json.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClock } from '../support/clock.ts';
import { CONFIG } from '../support/config.ts';
import { KEY, openEdges } from '../support/edges.ts';

const MEMORY: Record<CostedStep, number> = {
  'build-requests': 1_024,
  'build-slice': 1_024,
  'upload-file': 1_024,
  'create-batch': 1_024,
  'send-direct': 1_024,
  'poll-batch': 1_024,
  'collect-results': 1_024,
  'write-results': 1_024,
  'announce-job': 1_024,
};

const after: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of after.splice(0).toReversed()) await close();
});

/** Counts the calls of a store as S3 bills them. */
function counting(store: ObjectStore) {
  const asked = { writes: 0, reads: 0 };
  // Objects on S3 are not files of this machine.
  const { file: _file, ...far } = store;
  const counted: ObjectStore = {
    ...far,
    open: (...args) => ((asked.reads += 1), store.open(...args)),
    get: (...args) => ((asked.reads += 1), store.get(...args)),
    stat: (...args) => ((asked.reads += 1), store.stat(...args)),
    put: (...args) => ((asked.writes += 1), store.put(...args)),
    createIfAbsent: (...args) => ((asked.writes += 1), store.createIfAbsent(...args)),
    write: (...args) => ((asked.writes += 1), store.write(...args)),
    copy: (...args) => ((asked.writes += 1), (asked.reads += 1), store.copy(...args)),
    // S3 looks up each source first.
    concat: (...args) => ((asked.writes += 1), (asked.reads += args[1].length), store.concat(...args)),
    list: (...args) => ((asked.writes += 1), store.list(...args)),
  };
  return { counted, asked };
}

const ENOUGH = { isShort: () => false, isOver: () => false };

/** Runs a job with this number of shards through the synthesized definition. Returns the counted calls and events. */
async function run(
  shards: number,
  retry: boolean,
  { small, sliceBytes, rowBytes = 0 }: { small?: 'direct'; sliceBytes?: number; rowBytes?: number } = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-cost-'));
  after.push(() => rm(folder, { recursive: true, force: true }));
  const clock = createClock();
  const simulator = await startSimulator({ apiKey: KEY, clock });
  after.push(() => simulator.close());
  if (retry) simulator.addFaults({ at: 'row', every: 2, action: { kind: 'error', code: 'INFERENCE_3107' } });
  const edges = openEdges(createFolderStore(folder), simulator, clock, () => undefined);
  after.push(async () => edges[Symbol.asyncDispose]());
  const { counted, asked } = counting(edges.store);
  const entered: string[] = [];
  const machine = await loadMachine(CONFIG);
  const executions = createLocalExecutions({
    ...machine,
    // As on AWS: a step has a time limit, and enough time.
    callStep: clock.follow(callHandlers({ ...edges, store: counted, time: ENOUGH })),
    onEvent: ({ type, state }: EngineEvent) => {
      if (type === 'StateEntered' && state !== undefined) entered.push(state);
    },
    instant: true,
  });
  const key = 'input/rows.jsonl';
  await edges.store.put(
    key,
    Array.from({ length: 2 * shards }, (_, n) => `{"prompt":"hello ${n}${'x'.repeat(rowBytes)}"}\n`).join(''),
  );
  const overrides = { shardLimits: { maxRows: 2 }, ...(small && { small }) };
  const config = sliceBytes === undefined ? CONFIG : { ...CONFIG, limits: { sliceBytes } };
  await startJob(
    { ...edges, config, executions },
    { jobId: 'job', profile: 'default', overrides, inputs: () => Promise.resolve([{ key }]) },
  );
  await executions.result('job');
  const plan = await requireJson<Plan>(edges.store, planKey('job'));
  return { entered, asked, plan, events: historyOf(machine.definition, entered) };
}

/** Events that Step Functions writes per state, from real histories. An execution itself adds two. */
const EVENTS: Readonly<Record<string, number>> = { Task: 5, Wait: 2, Choice: 2, Succeed: 2, Map: 6 };

interface States {
  readonly States: Readonly<Record<string, { readonly Type: string; readonly ItemProcessor?: States }>>;
}

/** Number of events in the history of the job's execution, and in those of all shards together, after these states. */
function historyOf(definition: object, entered: readonly string[]): { job: number; shards: number } {
  const ofJob = (definition as States).States;
  const ofShards = ofJob['For each shard']?.ItemProcessor?.States ?? {};
  const sum = (states: States['States']): number =>
    entered.reduce((total, name) => total + (EVENTS[states[name]?.Type ?? ''] ?? 0), 0);
  return { job: 2 + sum(ofJob), shards: sum(ofShards) };
}

const count = (states: readonly string[], name: string): number =>
  states.filter((state) => state === name).length;

test.each([
  [1, false],
  [4, false],
  [4, true],
])(
  '%i shards need the transitions, events and requests that the machine makes (with a second round: %s)',
  async (shards, retry) => {
    const { entered, asked, plan, events } = await run(shards, retry);
    expect(plan.shards).toHaveLength(shards);
    const rounds = count(entered, 'Upload file') / shards;
    const polls = count(entered, 'Poll batch') / shards;

    const cost = estimateAwsCost({
      groups: [{ shards, bytes: plan.shards[0]?.bytes ?? 0, rounds, polls }],
      memoryMib: MEMORY,
    });

    expect(rounds).toBe(retry ? 2 : 1);
    expect(cost.transitions).toBe(entered.length);
    expect(cost.events).toEqual({ job: events.job, shard: 2 + events.shards / shards });
    expect({ writes: cost.s3Writes, reads: cost.s3Reads }).toEqual(asked);
  },
);

test('a job that is sent row by row needs the transitions and requests that the machine makes', async () => {
  const { entered, asked, plan } = await run(1, false, { small: 'direct' });

  const groups = [{ shards: 1, bytes: plan.shards[0]?.bytes ?? 0, polls: 0, directRows: 2 }];
  const cost = estimateAwsCost({ groups, memoryMib: MEMORY });

  expect(count(entered, 'Send direct')).toBe(1);
  expect(cost.transitions).toBe(entered.length);
  expect(cost.lambdaCalls).toBe(
    entered.filter((state) => / (?:requests|file|direct|results|job)$/.test(state)).length,
  );
  expect({ writes: cost.s3Writes, reads: cost.s3Reads }).toEqual(asked);
});

test('a build in slices needs the transitions, events and requests that the machine makes', async () => {
  const { entered, asked, plan, events } = await run(10, false, { sliceBytes: 65_536, rowBytes: 16_000 });
  const slices = count(entered, 'Build slice') / 2;
  const polls = count(entered, 'Poll batch') / 10;

  const groups = [{ shards: 10, bytes: plan.shards[0]?.bytes ?? 0, polls }];
  const cost = estimateAwsCost({ groups, memoryMib: MEMORY, slices });

  expect(slices).toBe(4);
  expect(cost.transitions).toBe(entered.length);
  expect(cost.events.job).toBe(events.job);
  expect({ writes: cost.s3Writes, reads: cost.s3Reads }).toEqual(asked);
});

test('a large build is built in slices, in a fraction of the time', () => {
  const gib = 2 ** 30;
  const at = (bytes: number) =>
    estimateAwsCost({ groups: [{ shards: bytes / 2 ** 26, bytes: 2 ** 26, polls: 10 }], memoryMib: MEMORY });

  expect(at(3 * gib).events.job).toBe(at(0).events.job);
  expect(at(1_024 * gib).events.job).toBe(at(4 * gib).events.job);
  expect(buildSeconds(1_024 * gib)).toBeLessThan(stepSeconds('build-requests', 1_024 * gib) / 8);
});

test('one more poll needs the events that the history limit counts, and three transitions', () => {
  const at = (polls: number) =>
    estimateAwsCost({ groups: [{ shards: 1, bytes: 1, polls }], memoryMib: MEMORY });

  expect(at(11).events.shard - at(10).events.shard).toBe(EVENTS_PER_POLL);
  expect(at(11).transitions - at(10).transitions).toBe(3);
  expect(at(11).usd.stepFunctions - at(10).usd.stepFunctions).toBeCloseTo(3 * PRICES.stateTransition, 12);
});

test('the number of events of the job itself does not depend on its shards', () => {
  const at = (shards: number) =>
    estimateAwsCost({ groups: [{ shards, bytes: 1, polls: 140 }], memoryMib: MEMORY });

  expect(at(1).events).toEqual(at(1_000).events);
  expect(at(1).events.job).toBe(33);
  expect(at(1_000).usd.total).toBeGreaterThan(900 * at(1).usd.total);
});

test('without shards, only the job itself costs money', () => {
  const { usd, transitions } = estimateAwsCost({ groups: [], memoryMib: MEMORY });

  expect(transitions).toBe(9);
  expect(usd.total).toBeLessThan(0.001);
});

test('the memory of a function is part of its cost', () => {
  const groups = [{ shards: 1, bytes: 100_000_000, polls: 140 }];
  const small = estimateAwsCost({ groups, memoryMib: MEMORY });
  const large = estimateAwsCost({ groups, memoryMib: { ...MEMORY, 'poll-batch': 2_048 } });

  expect(large.lambdaGbSeconds - small.lambdaGbSeconds).toBeCloseTo(140 * 0.7, 6);
});
