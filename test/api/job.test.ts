import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { jobSchema } from '../../src/api/job-schema.ts';
import type { Collected } from '../../src/checkpoints/round/collected.ts';
import type { Plan, ShardPlan } from '../../src/checkpoints/plan.ts';
import type { Progress } from '../../src/checkpoints/shard/progress.ts';
import type { ShardEnd } from '../../src/checkpoints/shard/shard-end.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import {
  jobKey,
  planKey,
  resultsKey,
  roundKey,
  shardKey,
  stopKey,
  summaryKey,
  type ShardFile,
} from '../../src/checkpoints/keys.ts';
import { writeJson } from '../../src/store/json.ts';
import {
  endJob,
  expectProblem,
  INPUT,
  linksOf,
  openApi,
  START,
  startJob,
  summaryOf,
  type World,
} from './open-api.ts';

async function read({ get }: World, jobId: string): Promise<z.output<typeof jobSchema>> {
  const { status, body } = await get(`/jobs/${jobId}`);
  expect(status).toBe(200);
  return jobSchema.parse(body);
}

async function writePlan({ store }: World, jobId: string, shards: readonly ShardPlan[]): Promise<void> {
  const sum = (count: (shard: ShardPlan) => number): number =>
    shards.reduce((total, shard) => total + count(shard), 0);
  await writeJson(store, planKey(jobId), {
    rows: sum(({ rows }) => rows),
    invalid: sum(({ invalid }) => invalid),
    inputTokens: 1,
    shards,
    problems: [],
  } satisfies Plan);
}

const shardOf = (rows: number, invalid = 0): ShardPlan => ({
  rows,
  invalid,
  requests: rows - invalid,
  bytes: 100,
});

const NOT_EXPLAINED = { missing: 0, duplicates: 0, unknown: 0, unknownIds: [], unreadable: 0 };
const USAGE = { inputTokens: 0, outputTokens: 0, energy: 0, credits: 0 };

/** Writes the objects of a shard that is done or has stopped. */
async function endShard(
  { store }: World,
  [jobId, shard]: readonly [string, number],
  file: ShardFile,
  counts: Partial<ShardEnd['counts']>,
): Promise<void> {
  await writeJson(store, shardKey({ jobId, shard }, file), {
    counts: { ok: 0, failed: 0, exhausted: 0, invalid_output: 0, invalid: 0, ...counts },
    rounds: 1,
    usage: USAGE,
    batches: [],
    ...NOT_EXPLAINED,
    left: [],
  } satisfies ShardEnd);
}

const PROGRESS: Progress = {
  round: 2,
  batchId: 'batch_7',
  status: 'in_progress',
  succeeded: 3,
  total: 4,
  polledAt: new Date(START).toISOString(),
  nextPollAt: new Date(START + 15_000).toISOString(),
};

/** Writes the objects of a shard in its second round: the first round settled some of its rows. */
async function runShard({ store }: World, jobId: string, shard: number): Promise<void> {
  const ref = { jobId, shard };
  const collected: Collected = {
    round: 1,
    requests: 10,
    ok: 5,
    failed: 1,
    exhausted: 0,
    deferred: 4,
    ...NOT_EXPLAINED,
    usage: USAGE,
    batch: {
      shard,
      round: 1,
      batchId: 'batch_6',
      status: 'completed',
      requests: 10,
      seconds: 60,
    },
    next: 'retry',
    lastRound: 4,
  };
  await writeJson(store, roundKey(ref, 1, 'uploading.json'), {});
  await writeJson(store, roundKey(ref, 1, 'collected.json'), collected);
  await writeJson(store, shardKey(ref, 'progress.json'), PROGRESS);
}

describe('the state of a job', () => {
  test('is queued until its execution exists', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    world.executions.states.clear();

    expect((await read(world, jobId)).status).toBe('queued');
  });

  test('is running while its execution is', async () => {
    const world = await openApi();
    const jobId = await startJob(world);

    expect(await read(world, jobId)).toEqual({
      jobId,
      status: 'running',
      profile: 'default',
      createdAt: new Date(START).toISOString(),
      inputs: [{ key: INPUT }],
      provider: 'simulator',
      model: 'm',
      endpoint: '/v1/chat/completions',
      counts: { ok: 0, failed: 0, exhausted: 0, invalid_output: 0, invalid: 0 },
      shards: { total: 0, waiting: 0, running: 0, stopped: 0, done: 0 },
      openShards: [],
      links: linksOf(jobId),
    });
  });

  test('is running while a shard was denied and the others continue', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    const failure = { name: 'ProviderDenied', code: 'BILLING', message: 'No credit.' };
    await writeJson(world.store, stopKey(jobId), { failure });

    expect((await read(world, jobId)).status).toBe('running');
  });

  test('is cancelling while the execution after a cancel runs', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await world.post(`/jobs/${jobId}/cancel`, {});

    expect((await read(world, jobId)).status).toBe('cancelling');
  });

  test.for(['succeeded', 'partial', 'failed', 'cancelled', 'empty'] as const)(
    'is what its summary says once it has ended: %s',
    async (status) => {
      const world = await openApi();
      const jobId = await startJob(world);
      await endJob(world, jobId, status);

      expect(await read(world, jobId)).toMatchObject({
        status,
        endedAt: new Date(START + 60_000).toISOString(),
      });
    },
  );

  test('is failed if its execution ended without a summary', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    world.executions.end(jobId);

    const job = await read(world, jobId);

    expect(job.status).toBe('failed');
    expect(job).not.toHaveProperty('endedAt');
  });

  test('is running after a resume, with any earlier summary', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await endJob(world, jobId, 'failed');
    expect(await world.post(`/jobs/${jobId}/resume`, {})).toMatchObject({ status: 202 });

    const job = await read(world, jobId);

    expect(job.status).toBe('running');
    expect(job).not.toHaveProperty('endedAt');
    expect(job.links).not.toHaveProperty('results');
  });
});

describe('the counts of a job', () => {
  test('are those of its shards so far', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await writePlan(world, jobId, [shardOf(10, 1), shardOf(20, 2), shardOf(30, 3), shardOf(5, 0)]);
    await endShard(world, [jobId, 0], 'done.json', { ok: 7, exhausted: 2, invalid_output: 0, invalid: 1 });
    await runShard(world, jobId, 1);
    await endShard(world, [jobId, 3], 'stopped.json', { ok: 1, failed: 4 });

    const { rows, counts, shards } = await read(world, jobId);

    expect(rows).toBe(65);
    expect(counts).toEqual({
      ok: 7 + 5 + 1,
      failed: 1 + 4,
      exhausted: 2,
      invalid_output: 0,
      invalid: 1 + 2 + 3,
    });
    expect(shards).toEqual({ total: 4, waiting: 1, running: 1, stopped: 1, done: 1 });
  });

  test('are those of its summary once it has ended', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await writePlan(world, jobId, [shardOf(4)]);
    await endJob(world, jobId, 'partial', {
      counts: { ok: 1, failed: 1, exhausted: 1, invalid_output: 0, invalid: 1 },
    });

    expect(await read(world, jobId)).toMatchObject({
      rows: 4,
      counts: { ok: 1, failed: 1, exhausted: 1, invalid_output: 0, invalid: 1 },
    });
  });

  test('are shown after the plan was deleted', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await endJob(world, jobId, 'succeeded');
    await world.store.delete(jobKey(jobId));

    expect(await read(world, jobId)).toMatchObject({
      status: 'succeeded',
      rows: 4,
      counts: { ok: 4 },
      shards: { total: 2, waiting: 0, running: 0, stopped: 0, done: 2 },
      openShards: [],
    });
  });
});

describe('the open shards of a job', () => {
  test('are those that are not done, each with the counters of its last poll', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await writePlan(world, jobId, [shardOf(10), shardOf(20, 2), shardOf(30)]);
    await endShard(world, [jobId, 0], 'done.json', { ok: 10 });
    await runShard(world, jobId, 1);

    expect((await read(world, jobId)).openShards).toEqual([
      {
        shard: 1,
        state: 'running',
        rows: 20,
        counts: { ok: 5, failed: 1, exhausted: 0, invalid_output: 0, invalid: 2 },
        progress: PROGRESS,
      },
      {
        shard: 2,
        state: 'waiting',
        rows: 30,
        counts: { ok: 0, failed: 0, exhausted: 0, invalid_output: 0, invalid: 0 },
      },
    ]);
  });

  test('have no progress before the first poll', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await writePlan(world, jobId, [shardOf(10)]);
    await writeJson(world.store, roundKey({ jobId, shard: 0 }, 1, 'uploading.json'), {});

    expect((await read(world, jobId)).openShards).toEqual([
      {
        shard: 0,
        state: 'running',
        rows: 10,
        counts: { ok: 0, failed: 0, exhausted: 0, invalid_output: 0, invalid: 0 },
      },
    ]);
  });

  test('do not include a shard without requests', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await writePlan(world, jobId, [shardOf(3, 3)]);

    expect(await read(world, jobId)).toMatchObject({
      shards: { total: 1, done: 1 },
      counts: { invalid: 3 },
      openShards: [],
    });
  });

  test('are 100 at most', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await writePlan(
      world,
      jobId,
      Array.from({ length: 130 }, () => shardOf(1)),
    );

    const { openShards, shards } = await read(world, jobId);

    expect(openShards.map(({ shard }) => shard)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    expect(shards).toMatchObject({ total: 130, waiting: 130 });
  });
});

describe('the links of a job', () => {
  test('have its results once it has ended', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await endJob(world, jobId, 'partial');

    expect((await read(world, jobId)).links).toEqual({
      ...linksOf(jobId),
      results: `https://files.example/get/output/${jobId}/results.jsonl`,
      deadLetters: `https://files.example/get/output/${jobId}/dead-letters.jsonl`,
      summary: `https://files.example/get/output/${jobId}/summary.json`,
    });
  });

  test('have no dead letters if every row is ok', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await endJob(world, jobId, 'succeeded');

    expect((await read(world, jobId)).links).not.toHaveProperty('deadLetters');
  });

  test('have no results before the job has ended', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await world.store.put(resultsKey(jobId), '{}\n');

    expect(Object.keys((await read(world, jobId)).links)).toEqual([
      'self',
      'cancel',
      'resume',
      'approve',
      'reject',
      'retry',
    ]);
  });
});

describe('a job that failed', () => {
  const failure = { name: 'ProviderDenied', code: 'BILLING', message: 'No credit.' };

  test('shows its error and the advice', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await endJob(world, jobId, 'failed', { failure, advice: 'Pay.' });

    expect(await read(world, jobId)).toMatchObject({ status: 'failed', failure, advice: 'Pay.' });
  });

  test('shows no error once it continues', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await endJob(world, jobId, 'failed', { failure, advice: 'Pay.' });
    await world.post(`/jobs/${jobId}/resume`, {});

    const job = await read(world, jobId);

    expect(job).not.toHaveProperty('failure');
    expect(job).not.toHaveProperty('advice');
  });

  test('is readable if it was a refused drop', async () => {
    const world = await openApi();
    const refusal: Summary = {
      ...summaryOf('drop-1', 'failed'),
      provider: undefined,
      model: undefined,
      endpoint: undefined,
      rows: 0,
      counts: { ok: 0, failed: 0, exhausted: 0, invalid_output: 0, invalid: 0 },
      shards: 0,
      results: undefined,
      deadLetters: undefined,
      failure: { name: 'InvalidRequest', code: 'InvalidRequest', message: 'There is no profile "x".' },
      advice: 'Correct what it says.',
    };
    await writeJson(world.store, summaryKey('drop-1'), refusal);

    expect(await read(world, 'drop-1')).toEqual({
      jobId: 'drop-1',
      status: 'failed',
      profile: 'default',
      createdAt: refusal.startedAt,
      endedAt: refusal.endedAt,
      inputs: [{ key: INPUT }],
      rows: 0,
      counts: refusal.counts,
      shards: { total: 0, waiting: 0, running: 0, stopped: 0, done: 0 },
      openShards: [],
      failure: refusal.failure,
      advice: refusal.advice,
      links: {
        self: '/jobs/drop-1',
        cancel: '/jobs/drop-1/cancel',
        resume: '/jobs/drop-1/resume',
        approve: '/jobs/drop-1/approve',
        reject: '/jobs/drop-1/reject',
        retry: '/jobs/drop-1/retry',
        summary: 'https://files.example/get/output/drop-1/summary.json',
      },
    });
  });
});

describe('a job that does not exist', () => {
  test('is an error with its id', async () => {
    const { get } = await openApi();

    expect(expectProblem(await get('/jobs/nobody-0'), 404, 'no-such-job').detail).toContain('nobody-0');
  });

  test('is also an error for the name of an execution', async () => {
    const world = await openApi();
    const jobId = await startJob(world);

    expectProblem(await world.get(`/jobs/${jobId}-r2`), 404, 'no-such-job');
  });

  test.for([
    '..',
    '%2e%2e',
    '..%2f..%2fjobs%2fa',
    '%2fetc%2fpasswd',
    'a%00b',
    'a%0ab',
    '%20',
    'a.b',
    '%',
    '%zz',
    '%E0%A4%A',
    '%C3%BC',
    '%F0%9F%8C%99',
    'a%3Fb',
    'a%23b',
    '*',
    '{jobId}',
    'a'.repeat(81),
    'a'.repeat(5_000),
    '__proto__',
    'constructor',
  ])('is a client error, not a server error: %s', async (jobId) => {
    const { get, post, logged } = await openApi();

    for (const answer of [
      await get(`/jobs/${jobId}`),
      await post(`/jobs/${jobId}/cancel`, {}),
      await post(`/jobs/${jobId}/resume`, {}),
    ]) {
      expect([404, 422]).toContain(answer.status);
    }
    expect(logged).toEqual([]);
  });
});
