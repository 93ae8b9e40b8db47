import { expect, test } from 'vitest';
import type { CallStep } from '../../host/engine.ts';
import { planKey } from '../../src/checkpoints/keys.ts';
import { KEY } from '../support/edges.ts';
import { openWorld, prompts } from './world.ts';

interface Hop {
  readonly step: string;
  readonly given: Record<string, unknown>;
  readonly left: Record<string, unknown>;
}

/** Records the input and the output of each step. */
function recordHops(hops: Hop[]): (call: CallStep) => CallStep {
  return (call) => async (step, event) => {
    const left = await call(step, event);
    hops.push({ step, given: event as Hop['given'], left: left as Hop['left'] });
    return left;
  };
}

test('a step gets the complete and small output of the step before', async () => {
  const hops: Hop[] = [];
  const world = await openWorld({
    wrap: recordHops(hops),
    faults: [
      { at: 'row', ids: ['q1'], action: { kind: 'error', code: 'INFERENCE_3107' } },
      { at: 'batch', nth: 1, action: { kind: 'stuck', status: 'in_progress', finished: 1 } },
    ],
  });

  await world.run(prompts(3));

  const [items, ...shard] = hops.slice(1, -2);
  expect(items?.step).toBe('read-items');
  expect(hops[0]?.left).toMatchObject({ toRun: { shards: 1 } });
  expect(shard[0]?.given).toEqual({
    jobId: hops[0]?.left['jobId'],
    shard: 0,
    planned: {
      rows: 3,
      invalid: 0,
      requests: 3,
      bytes: expect.any(Number) as number,
      tokens: expect.any(Number) as number,
    },
    provider: hops[0]?.left['provider'],
    polling: hops[0]?.left['polling'],
  });
  for (const [n, hop] of shard.entries()) if (n > 0) expect(hop.given).toEqual(shard[n - 1]?.left);
  expect(new Set(shard.map(({ step }) => step))).toEqual(
    new Set(['upload-file', 'create-batch', 'poll-batch', 'cancel-batch', 'collect-results']),
  );
  const [written, announced] = hops.slice(-2);
  expect(written?.given).toEqual(hops[0]?.left);
  expect(announced?.given).toEqual({ execution: hops[0]?.left['jobId'], end: written?.left });
  for (const { given, left } of hops) expect(JSON.stringify([given, left]).length).toBeLessThan(4_500);
});

test('the key is in no payload, log line or object, also with many failures', async () => {
  const hops: Hop[] = [];
  const world = await openWorld({
    wrap: recordHops(hops),
    faults: [
      { at: 'upload', action: { kind: 'reset', when: 'after' } },
      { at: 'create', action: { kind: 'status', status: 502, when: 'after' } },
      { at: 'get', action: { kind: 'html' }, times: 4 },
      { at: 'row', ids: ['q0'], action: { kind: 'error', code: 'BILLING_2003' } },
    ],
  });

  await world.run(prompts(3));
  const ended = await world.run(prompts(3));

  expect(ended.summary.status).toBe('succeeded');
  expect([...world.simulator.createsPerKey().values()]).toEqual([1, 1]);
  const keys = await Array.fromAsync(world.store.list(''), ({ key }) => key);
  const objects = await Promise.all(keys.map(async (key) => String(await world.store.get(key))));
  expect(objects.length).toBeGreaterThan(10);
  for (const text of [...objects, JSON.stringify([hops, world.logs, world.events])])
    expect(text).not.toContain(KEY);
});

test.each([
  ['of a job', {}, { rounds: 3, ok: 5 }],
  [
    'of a job with a budget',
    { price: { inputPerMillion: 1, outputPerMillion: 1, currency: 'EUR' }, budget: { max: 10 } },
    { rounds: 3, ok: 5 },
  ],
  ['that are sent direct', { small: 'direct' as const }, { rounds: 1, ok: 6 }],
])(
  'no step of the shards %s reads the plan, whose size grows with the shards',
  async (_, overrides, { rounds, ok }) => {
    let plan: Buffer | undefined;
    const world = await openWorld({
      wrap: (call) => async (step, event) => {
        const key = planKey((event as { jobId: string }).jobId);
        if (step === 'write-results' && plan !== undefined) await world.store.put(key, plan);
        const left = await call(step, event);
        if (step !== 'build-requests') return left;
        plan = await world.store.get(key);
        await world.store.delete(key);
        return left;
      },
      faults: [
        { at: 'row', ids: ['q1'], action: { kind: 'error', code: 'INFERENCE_3107' }, times: 2 },
        { at: 'row', ids: ['q3'], action: { kind: 'error', code: 'INFERENCE_3207' }, times: 'always' },
      ],
    });

    const { summary } = await world.run(prompts(6), { shardLimits: { maxRows: 2 }, ...overrides });

    expect(plan).toBeDefined();
    expect(summary).toMatchObject({ shards: 3, rounds, counts: { ok, failed: 6 - ok } });
  },
);
