import { describe, expect, test } from 'vitest';
import { stopKey, summaryKey } from '../../src/checkpoints/keys.ts';
import { readJson, writeJson } from '../../src/store/json.ts';
import { endJob, expectProblem, linksOf, openApi, startJob, summaryOf, type World } from './open-api.ts';

const cancel = ({ send }: World, jobId: string) => send('POST', `/jobs/${jobId}/cancel`);
const resume = ({ send }: World, jobId: string) => send('POST', `/jobs/${jobId}/resume`);

describe('a cancel', () => {
  test('is accepted, and the answer has the URL of the job', async () => {
    const world = await openApi();
    const jobId = await startJob(world);

    const answer = await cancel(world, jobId);

    expect(answer.status).toBe(202);
    expect(answer.body).toEqual({ jobId, state: 'cancelling', links: linksOf(jobId) });
  });

  test('stops the running execution and starts another one that ends the job', async () => {
    const world = await openApi();
    const jobId = await startJob(world);

    await cancel(world, jobId);

    expect([...world.executions.states]).toEqual([
      [jobId, 'ended'],
      [`${jobId}-r2`, 'running'],
    ]);
    expect(await readJson(world.store, stopKey(jobId))).toMatchObject({ failure: { code: 'CANCELLED' } });
  });

  test('needs no body', async () => {
    const world = await openApi();
    const jobId = await startJob(world);

    expect((await world.post(`/jobs/${jobId}/cancel`, { any: 'thing' })).status).toBe(202);
  });

  test('that is sent twice has no further effect', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    const first = await cancel(world, jobId);

    const again = await cancel(world, jobId);

    expect(again).toMatchObject({ status: 202, body: first.body });
    expect(world.executions.names).toEqual([jobId, `${jobId}-r2`]);
  });

  test.for(['failed', 'cancelled'] as const)(
    'of a job that has ended with batches open cancels them: %s',
    async (status) => {
      const world = await openApi();
      const jobId = await startJob(world);
      await endJob(world, jobId, status);

      expect((await cancel(world, jobId)).status).toBe(202);

      expect(world.executions.names).toEqual([jobId, `${jobId}-r2`]);
      expect(await world.store.get(summaryKey(jobId))).toBeUndefined();
      expect(await readJson(world.store, stopKey(jobId))).toMatchObject({ failure: { code: 'CANCELLED' } });
    },
  );

  test.for(['succeeded', 'partial', 'empty'] as const)(
    'of a job that has ended is refused: %s',
    async (status) => {
      const world = await openApi();
      const jobId = await startJob(world);
      await endJob(world, jobId, status);

      const { detail } = expectProblem(await cancel(world, jobId), 409, 'job-has-ended');

      expect(detail).toContain(jobId);
      expect(world.executions.names).toEqual([jobId]);
      expect(await world.store.get(stopKey(jobId))).toBeUndefined();
      expect(await world.store.get(summaryKey(jobId))).toBeDefined();
    },
  );

  test('of a job that has ended and is still being announced is refused, and stops nothing', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await writeJson(world.store, summaryKey(jobId), summaryOf(jobId, 'succeeded'));

    expectProblem(await cancel(world, jobId), 409, 'job-has-ended');

    expect([...world.executions.states]).toEqual([[jobId, 'running']]);
    expect(await world.store.get(summaryKey(jobId))).toBeDefined();
  });

  test('of an unknown job is refused and writes nothing', async () => {
    const world = await openApi();

    expectProblem(await cancel(world, 'nobody-0'), 404, 'no-such-job');

    expect(await world.store.get(stopKey('nobody-0'))).toBeUndefined();
    expect(world.executions.names).toEqual([]);
  });

  test('of a refused drop is refused like one of a job that has ended', async () => {
    const world = await openApi();
    await writeJson(world.store, summaryKey('drop-1'), summaryOf('drop-1', 'failed'));

    expectProblem(await cancel(world, 'drop-1'), 409, 'job-has-ended');
  });
});

describe('a resume', () => {
  test.for(['failed', 'cancelled'] as const)(
    'of a job that has ended in this way continues it: %s',
    async (status) => {
      const world = await openApi();
      const jobId = await startJob(world);
      await endJob(world, jobId, status);

      const answer = await resume(world, jobId);

      expect(answer.status).toBe(202);
      expect(answer.body).toEqual({ jobId, state: 'resumed', links: linksOf(jobId) });
      expect(world.executions.names).toEqual([jobId, `${jobId}-r2`]);
    },
  );

  test('removes the stop of a cancel', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await cancel(world, jobId);
    await endJob(world, jobId, 'cancelled');

    await resume(world, jobId);

    expect(await world.store.get(stopKey(jobId))).toBeUndefined();
    expect(world.executions.names).toEqual([jobId, `${jobId}-r2`, `${jobId}-r3`]);
    expect((await world.get(`/jobs/${jobId}`)).body).toMatchObject({ status: 'running' });
  });

  test('of a job whose execution ended without a summary continues it', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    world.executions.end(jobId);

    expect((await resume(world, jobId)).body).toMatchObject({ state: 'resumed' });
  });

  test('that is sent twice has no further effect', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await endJob(world, jobId, 'failed');
    await resume(world, jobId);

    const again = await resume(world, jobId);

    expect(again).toMatchObject({ status: 202, body: { jobId, state: 'running' } });
    expect(world.executions.names).toEqual([jobId, `${jobId}-r2`]);
  });

  test('of a job that runs changes nothing', async () => {
    const world = await openApi();
    const jobId = await startJob(world);

    expect((await resume(world, jobId)).body).toMatchObject({ state: 'running' });

    expect(world.executions.names).toEqual([jobId]);
  });

  test.for(['succeeded', 'partial', 'empty'] as const)(
    'of a job that has come to its end is refused: %s',
    async (status) => {
      const world = await openApi();
      const jobId = await startJob(world);
      await endJob(world, jobId, status);

      expectProblem(await resume(world, jobId), 409, 'job-has-ended');

      expect(world.executions.names).toEqual([jobId]);
      expect(await world.store.get(summaryKey(jobId))).toBeDefined();
    },
  );

  test('of an unknown job is refused', async () => {
    const world = await openApi();

    expectProblem(await resume(world, 'nobody-0'), 404, 'no-such-job');

    expect(world.executions.names).toEqual([]);
  });
});
