import { stat } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { jobKey, jobPrefix, planKey, resultsKey, summaryKey } from '../../src/checkpoints/keys.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openFolderWorld, openWorld, prompts, type World } from './world.ts';

async function keysBelow(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key.slice(prefix.length));
  return keys;
}

const rowFiles = async ({ store }: World, jobId: string): Promise<string[]> =>
  (await keysBelow(store, jobPrefix(jobId))).filter((key) => key.endsWith('.jsonl'));

describe.each([
  ['succeeded', []],
  ['partial', [{ at: 'row', ids: ['q1'], action: { kind: 'error', code: 'NO_SUCH_THING', status: 400 } }]],
] as const)('a job that is %s', (status, faults) => {
  test('keeps its rows only in its results and its checkpoints', async () => {
    const world = await openFolderWorld({ faults: [...faults] });

    const { jobId, summary, results } = await world.run(prompts(25), { shardLimits: { maxRows: 10 } });

    expect(summary.status).toBe(status);
    expect(results).toHaveLength(25);
    expect(await rowFiles(world, jobId)).toEqual([]);
    expect((await stat(world.store.locate(resultsKey(jobId)))).nlink).toBe(1);
    const left = await keysBelow(world.store, jobPrefix(jobId));
    expect(left).toEqual(expect.arrayContaining(['job.json', 'plan.json', 'shards/00002/done.json']));
  });

  test('is not run or paid again, also after its checkpoints are deleted', async () => {
    const world = await openWorld({ faults: [...faults] });
    const { jobId } = await world.run(prompts(3));
    const batches = world.simulator.batches().length;

    await world.run(prompts(3));
    for (const key of await keysBelow(world.store, jobPrefix(jobId))) {
      await world.store.delete(`${jobPrefix(jobId)}${key}`);
    }
    const again = await world.run(prompts(3));

    expect(again.summary.status).toBe(status);
    expect(world.simulator.batches()).toHaveLength(batches);
    expect(await world.store.stat(jobKey(jobId))).toBeUndefined();
  });
});

test('a failed job keeps the files that its resume needs', async () => {
  const world = await openWorld({
    faults: [{ at: 'upload', action: { kind: 'status', status: 402, code: 'BILLING_2003' } }],
  });
  const failed = await world.run(prompts(25), { shardLimits: { maxRows: 10 } });
  expect(failed.summary.status).toBe('failed');
  expect(await rowFiles(world, failed.jobId)).toContain('shards/00002/round-1.requests.jsonl');

  const resumed = await world.run(prompts(25), { shardLimits: { maxRows: 10 } });

  expect(resumed.summary).toMatchObject({ status: 'succeeded', counts: { ok: 25 } });
  expect(await rowFiles(world, resumed.jobId)).toEqual([]);
});

test('the results of a failed job of one shard are a file of their own, so that a person may edit them', async () => {
  const world = await openFolderWorld({
    faults: [{ at: 'upload', action: { kind: 'status', status: 402, code: 'BILLING_2003' } }],
  });

  const { jobId } = await world.run(prompts(3));

  expect(await rowFiles(world, jobId)).toContain('shards/00000/results.jsonl');
  expect((await stat(world.store.locate(resultsKey(jobId)))).nlink).toBe(1);
});

test('a failed job whose checkpoints are deleted is not paid for again', async () => {
  const world = await openWorld({
    faults: [{ at: 'row', every: 1, action: { kind: 'error', code: 'BILLING_2003' } }],
  });
  const { jobId } = await world.run(prompts(3));
  for (const key of await keysBelow(world.store, jobPrefix(jobId))) {
    await world.store.delete(`${jobPrefix(jobId)}${key}`);
  }
  const batches = world.simulator.batches().length;

  const again = await world.run(prompts(3));

  expect(again.summary.status).toBe('failed');
  expect(world.simulator.batches()).toHaveLength(batches);
});

test('the step that writes results may be cut off after any of its deletes, and called again', async () => {
  let cuts = 0;
  const world = await openWorld({
    wrap: (call) => async (step, event) => {
      const output = await call(step, event);
      // The result of the step is lost, so the state machine does not know that it succeeded.
      if (step === 'write-results' && (cuts += 1) === 1)
        throw Object.assign(new Error('lost'), { name: 'Runtime.ExitError' });
      return output;
    },
  });

  const { jobId, summary, error } = await world.run(prompts(5));

  expect(cuts).toBe(2);
  expect(error).toBeUndefined();
  expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 5 } });
  expect(await world.store.stat(resultsKey(jobId))).toBeDefined();
  expect(await world.store.stat(summaryKey(jobId))).toBeDefined();
  expect(await world.store.stat(planKey(jobId))).toBeDefined();
});

describe('a job that is refused before anything is sent', () => {
  const rows = `${prompts(25)}{"nothing":true}\n`;

  test.each([
    ['a row is invalid and it is strict', { strict: true }],
    ['it is over its budget', { budget: { maxRows: 5 } }],
  ])('leaves nothing in its shards because %s, and has its rows in its results', async (_, overrides) => {
    const world = await openWorld();

    const { jobId, summary, results } = await world.run(rows, { shardLimits: { maxRows: 5 }, ...overrides });

    expect(summary).toMatchObject({ status: 'failed', rows: 26, failure: { name: 'InvalidInput' } });
    expect(results).toHaveLength(26);
    expect(
      (await keysBelow(world.store, jobPrefix(jobId))).filter((key) => key.startsWith('shards/')),
    ).toEqual([]);
  });

  test('is refused in the same way if it is started again, and keeps its results', async () => {
    const world = await openWorld();
    const first = await world.run(rows, { strict: true, shardLimits: { maxRows: 5 } });

    const again = await world.run(rows, { strict: true, shardLimits: { maxRows: 5 } });

    expect(again.jobId).toBe(first.jobId);
    expect(again.summary).toEqual(first.summary);
    expect(again.results).toEqual(first.results);
    expect(world.simulator.requests()).toEqual([]);
  });

  test('leaves nothing in its shards if its file breaks off in the middle', async () => {
    const world = await openWorld();
    const whole = gzipSync(prompts(3_000));

    const { jobId, summary } = await world.run(whole.subarray(0, whole.length - 20), {
      name: 'rows.jsonl.gz',
      shardLimits: { maxRows: 100 },
    });

    expect(summary).toMatchObject({ status: 'failed', failure: { name: 'InvalidInput' } });
    expect(
      (await keysBelow(world.store, jobPrefix(jobId))).filter((key) => key.startsWith('shards/')),
    ).toEqual([]);
  });
});
