import { expect, onTestFinished, test } from 'vitest';
import { createLocalExecutions } from '../../host/engine.ts';
import { callHandlers } from '../../host/call-handlers.ts';
import { loadMachine } from '../../host/load-stack.ts';
import { startSimulator } from '../../simulator/index.ts';
import type { ProfileConfig } from '../../src/config/config.ts';
import { startJob } from '../../src/job-control/start-job.ts';
import type { StepTime } from '../../src/pace.ts';
import { buildPrefix, joinedPrefix, resultsKey } from '../../src/checkpoints/keys.ts';
import { summaryObject } from '../../src/checkpoints/summary.ts';
import { createClock } from '../support/clock.ts';
import { CONFIG } from '../support/config.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';
import { KEY, openEdges } from '../support/edges.ts';
import { createMemoryBucket } from '../support/memory-bucket.ts';
import { openWorld } from './world.ts';

const ROWS = 1_500;

async function run(time?: StepTime, profile: ProfileConfig = {}) {
  const clock = createClock();
  const simulator = await startSimulator({ apiKey: KEY, clock });
  onTestFinished(() => simulator.close());
  await using edges = openEdges(createMemoryBucket(), simulator, clock, () => undefined);
  const entered: Record<string, number> = {};
  const executions = createLocalExecutions({
    ...(await loadMachine(CONFIG)),
    callStep: clock.follow(callHandlers({ ...edges, time })),
    onEvent: ({ type, state = '' }) => {
      if (type === 'StateEntered') entered[state] = (entered[state] ?? 0) + 1;
    },
    instant: true,
  });
  const { store } = edges;
  const rows = Array.from(
    { length: ROWS },
    (_, n) => `{"custom_id":"q${n % 1_490}","prompt":"row ${n} ${'x'.repeat(220)}"}\n`,
  );
  await store.put('input/rows.jsonl', rows.join(''));
  await startJob(
    { ...edges, config: CONFIG, executions },
    {
      jobId: 'job',
      profile: 'default',
      overrides: { shardLimits: { maxRows: 500 }, ...profile },
      inputs: () => Promise.resolve([{ key: 'input/rows.jsonl' }]),
    },
  );
  await executions.result('job');
  const left = [
    ...(await Array.fromAsync(store.list(buildPrefix('job')))),
    ...(await Array.fromAsync(store.list(joinedPrefix('job')))),
  ];
  return {
    entered,
    left,
    results: (await store.get(resultsKey('job')))?.toString('utf8'),
    summary: await summaryObject.require(store, 'job'),
  };
}

test('a job whose steps never have enough time continues in further calls and has the same results', async () => {
  const whole = await run();
  const divided = await run({ isShort: () => true, isOver: () => false });

  expect(divided.entered['Build requests']).toBeGreaterThan(4);
  expect(whole.entered['Build requests']).toBe(1);
  expect(whole.entered['Collect results']).toBe(3);
  expect(divided.entered['Collect results']).toBeGreaterThan(3 * 3);
  expect(divided.results).toBe(whole.results);
  expect(divided.summary).toMatchObject({ status: 'partial', counts: { ok: 1_490, invalid: 10 } });
  expect(divided.summary.counts).toEqual(whole.summary.counts);
  expect(divided.left).toEqual([]);
});

test(
  'a job with a pilot whose steps never have enough time has the same results, too',
  EXHAUSTIVE,
  async () => {
    const pilot = { rows: 50, maxBad: 0.5 };
    const whole = await run(undefined, { pilot });
    const divided = await run({ isShort: () => true, isOver: () => false }, { pilot });

    expect(whole.entered['Build requests']).toBe(2);
    expect(whole.summary.pilot).toMatchObject({ state: 'passed', rows: 50 });
    expect(divided.results).toBe(whole.results);
    expect(divided.summary.counts).toEqual(whole.summary.counts);
    expect(divided.summary.pilot).toEqual(whole.summary.pilot);
    expect(divided.left).toEqual([]);
  },
);

test.each([
  ['in one pass', undefined],
  ['in slices', 65_536],
])('a build %s that ends at a missing input starts again when the input exists', async (_, sliceBytes) => {
  const rows = Array.from(
    { length: ROWS },
    (_row, n) => `{"custom_id":"q${n}","prompt":"${'x'.repeat(220)}"}\n`,
  );
  const world = await openWorld({
    config: { ...CONFIG, limits: { ...CONFIG.limits, ...(sliceBytes !== undefined && { sliceBytes }) } },
    time: (step) => (step.startsWith('build') ? { isShort: () => true, isOver: () => false } : undefined),
  });

  const failed = await world.run(rows.join(''), { more: ['input/b.jsonl'] });
  const left = await Array.fromAsync(world.store.list(buildPrefix(failed.jobId)));
  await world.store.put('input/b.jsonl', '{"custom_id":"of b","prompt":"y"}\n');
  const error = await world.resume(failed.jobId);

  expect(failed.error?.message).toMatch(/There is no input file .*b\.jsonl/);
  expect(left).toEqual([]);
  expect(error).toBeUndefined();
  const { summary, results } = await world.ended(failed.jobId);
  expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: ROWS + 1 } });
  expect(results.at(-1)).toMatchObject({ custom_id: 'of b', ok: true });
});
