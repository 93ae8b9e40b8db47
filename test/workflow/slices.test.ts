import { expect, onTestFinished, test } from 'vitest';
import { callHandlers } from '../../host/call-handlers.ts';
import { createLocalExecutions, type CallStep } from '../../host/engine.ts';
import { loadMachine } from '../../host/load-stack.ts';
import { startSimulator } from '../../simulator/index.ts';
import { buildPrefix, resultsKey, shardsPrefix } from '../../src/checkpoints/keys.ts';
import { summaryObject } from '../../src/checkpoints/summary.ts';
import type { ProfileConfig } from '../../src/config/config.ts';
import { resumeJob, startJob } from '../../src/job-control/start-job.ts';
import type { StepTime } from '../../src/pace.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';
import { createClock } from '../support/clock.ts';
import { CONFIG } from '../support/config.ts';
import { KEY, openEdges } from '../support/edges.ts';
import { createMemoryBucket } from '../support/memory-bucket.ts';

const ROWS = 1_000;
/** 340 KB, which are built in slices of 64 KiB. */
const CONTENT = Array.from(
  { length: ROWS },
  (_, n) => `{"custom_id":"q${n % 990}","prompt":"row ${n % 700} ${'x'.repeat(300)}"}\n`,
).join('');

interface Options {
  readonly sliceBytes?: number;
  readonly time?: StepTime;
  readonly profile?: ProfileConfig;
  /** Wraps the store of the steps. */
  readonly withFaults?: (store: ObjectStore) => ObjectStore;
  /** Wraps the calls of the steps. */
  readonly around?: (call: CallStep) => CallStep;
}

async function run({
  sliceBytes,
  time,
  profile = {},
  withFaults = (store) => store,
  around = (call) => call,
}: Options = {}) {
  const config = { ...CONFIG, limits: { ...CONFIG.limits, ...(sliceBytes !== undefined && { sliceBytes }) } };
  const clock = createClock();
  const simulator = await startSimulator({ apiKey: KEY, clock });
  onTestFinished(() => simulator.close());
  const edges = openEdges(createMemoryBucket(), simulator, clock, () => undefined);
  onTestFinished(() => edges[Symbol.asyncDispose]());
  const entered: Record<string, number> = {};
  const executions = createLocalExecutions({
    ...(await loadMachine(config)),
    callStep: around(clock.follow(callHandlers({ ...edges, store: withFaults(edges.store), time }))),
    onEvent: ({ type, state = '' }) => {
      if (type === 'StateEntered') entered[state] = (entered[state] ?? 0) + 1;
    },
    instant: true,
  });
  const { store } = edges;
  await store.put('input/rows.jsonl', CONTENT);
  const startEdges = { ...edges, config, executions };
  await startJob(startEdges, {
    jobId: 'job',
    profile: 'default',
    overrides: { shardLimits: { maxRows: 250 }, ...profile },
    inputs: () => Promise.resolve([{ key: 'input/rows.jsonl' }]),
  });
  const failure = await executions.result('job').then(
    () => undefined,
    (error: unknown) => String(error),
  );
  return {
    store,
    startEdges,
    entered,
    failure,
    left: await Array.fromAsync(store.list(buildPrefix('job'))),
    results: (await store.get(resultsKey('job')))?.toString('utf8'),
    summary: await summaryObject.require(store, 'job'),
  };
}

let wholeRun: ReturnType<typeof run> | undefined;

/** The job built in one pass. It runs once, because several tests compare their job with it. */
const runWhole = (): ReturnType<typeof run> => (wholeRun ??= run());

const SLICED = { sliceBytes: 65_536 } as const;

test('a large input is built in slices in parallel, with the same results', async () => {
  const whole = await runWhole();
  const sliced = await run(SLICED);

  expect(whole.entered['Build slice']).toBeUndefined();
  expect(sliced.entered['For each slice']).toBe(2);
  expect(sliced.entered['Build slice']).toBeGreaterThan(7);
  expect(sliced.results).toBe(whole.results);
  expect(sliced.summary.counts).toEqual(whole.summary.counts);
  expect(sliced.summary.inputs).toEqual(whole.summary.inputs);
  expect(sliced.left).toEqual([]);
});

test(
  'slices, and the planning of shards from their notes, continue in further calls if time is short',
  EXHAUSTIVE,
  async () => {
    const whole = await runWhole();
    const sliced = await run({ ...SLICED, time: { isShort: () => true, isOver: () => false } });

    expect(sliced.entered['Build slice']).toBeGreaterThan(10);
    expect(sliced.entered['Build requests']).toBeGreaterThan(5);
    expect(sliced.results).toBe(whole.results);
    expect(sliced.left).toEqual([]);
  },
);

test('a job with a pilot is built in slices, too', async () => {
  const profile = { pilot: { rows: 50, maxBad: 0.5 } };
  const whole = await run({ profile });
  const sliced = await run({ ...SLICED, profile });

  expect(sliced.entered['Build slice']).toBeGreaterThan(5);
  expect(sliced.summary.pilot).toMatchObject({ state: 'passed', rows: 50 });
  expect(sliced.results).toBe(whole.results);
  expect(sliced.left).toEqual([]);
});

test('a small input is built in one pass', async () => {
  const { entered } = await run({ sliceBytes: 100_000 });
  expect(entered['For each slice']).toBeUndefined();
});

test('a failed slice ends the job before anything is sent, and a resume builds the rest', async () => {
  let isBroken = true;
  const calls: unknown[] = [];
  const around =
    (call: CallStep): CallStep =>
    (step, event) => {
      if (step === 'build-slice') calls.push(event);
      const { slice } = event as { readonly slice?: number };
      return step === 'build-slice' && slice === 2 && isBroken
        ? Promise.reject(Object.assign(new Error('No such luck.'), { name: 'StoreRejected' }))
        : call(step, event);
    };
  const failed = await run({ ...SLICED, around });
  expect(failed.failure).toMatch(/The build of job job stopped: slice 2 failed\. .*resume the job/);
  expect(failed.summary.status).toBe('failed');
  expect(failed.entered['Upload file']).toBeUndefined();

  isBroken = false;
  calls.length = 0;
  await resumeJob(failed.startEdges, 'job');
  const names = failed.startEdges.executions.running();
  for (const name of names) await failed.startEdges.executions.result(name);

  expect(calls[0]).toEqual({ jobId: 'job', slice: 2 });
  expect((await failed.store.get(resultsKey('job')))?.toString('utf8')).toBe((await runWhole()).results);
});

test.each([
  [
    'StoreRejected',
    'The disk is full.',
    { name: 'StoreRejected', code: 'StoreRejected', message: 'The disk is full.' },
  ],
  ['StoreRejected', 'refused [QUOTA]', { name: 'StoreRejected', code: 'QUOTA', message: 'refused.' }],
  ['Error', 'No such luck', { name: 'Error', code: 'Error', message: 'No such luck.' }],
])('a job whose slice fails with %s: %s fails with that error', async (name, message, expected) => {
  let isBroken = true;
  const withFaults = (store: ObjectStore): ObjectStore => ({
    ...store,
    put: (key, bytes) =>
      isBroken && /slice-00000[23]\.noted\.json$/.test(key)
        ? Promise.reject(Object.assign(new Error(message), { name }))
        : store.put(key, bytes),
  });

  const failed = await run({ ...SLICED, withFaults });

  expect(failed.summary.failure).toEqual({
    ...expected,
    message: `The build of job job stopped: slice 2 failed, and 1 other: ${expected.message} Resume the job to do them again.`,
  });
  expect(failed.entered['Upload file']).toBeUndefined();

  isBroken = false;
  await resumeJob(failed.startEdges, 'job');
  for (const running of failed.startEdges.executions.running())
    await failed.startEdges.executions.result(running);
  expect((await summaryObject.require(failed.store, 'job')).status).toBe('partial');
  expect(await Array.fromAsync(failed.store.list(buildPrefix('job')))).toEqual([]);
});

test('a job that ends at a slice whose input was changed has no shards left, and a resume builds all of them', async () => {
  let isBroken = true;
  const withFaults = (store: ObjectStore): ObjectStore => ({
    ...store,
    put: (key, bytes) =>
      isBroken && /slice-00000[1-9]\.built\.json$/.test(key)
        ? Promise.reject(Object.assign(new Error('The input was changed.'), { name: 'InvalidInput' }))
        : store.put(key, bytes),
  });
  const shards = async (store: ObjectStore): Promise<string[]> =>
    (await Array.fromAsync(store.list(shardsPrefix('job')))).map(({ key }) => key);

  const failed = await run({ ...SLICED, withFaults });
  expect(failed.summary.failure?.name).toBe('InvalidInput');
  expect(await shards(failed.store)).toEqual([]);
  expect(failed.left).toEqual([]);

  isBroken = false;
  await resumeJob(failed.startEdges, 'job');
  for (const running of failed.startEdges.executions.running())
    await failed.startEdges.executions.result(running);
  expect((await failed.store.get(resultsKey('job')))?.toString('utf8')).toBe((await runWhole()).results);
});

test('a slice that dies later without an error is not reported with the error of an earlier run', async () => {
  let broken: 'store' | 'function' = 'store';
  const withFaults = (store: ObjectStore): ObjectStore => ({
    ...store,
    put: (key, bytes) =>
      key.endsWith('slice-000002.noted.json')
        ? Promise.reject(Object.assign(new Error('The disk is full.'), { name: 'StoreRejected' }))
        : store.put(key, bytes),
  });
  const around =
    (call: CallStep): CallStep =>
    (step, event) =>
      step === 'build-slice' && broken === 'function'
        ? Promise.reject(Object.assign(new Error('It ended.'), { name: 'Runtime.ExitError' }))
        : call(step, event);
  const failed = await run({ ...SLICED, withFaults, around });
  expect(failed.summary.failure?.message).toContain('The disk is full.');

  broken = 'function';
  await resumeJob(failed.startEdges, 'job');
  await Promise.allSettled(
    failed.startEdges.executions.running().map((name) => failed.startEdges.executions.result(name)),
  );
  expect((await summaryObject.require(failed.store, 'job')).failure?.message).toMatch(
    /slice 2 failed\. The log of build-slice says why/,
  );
});
