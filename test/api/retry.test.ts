import { describe, expect, test } from 'vitest';
import { jobObject } from '../../src/checkpoints/job.ts';
import { endJob, expectProblem, openApi, startJob, type World } from './open-api.ts';

async function endedJob(world: World): Promise<string> {
  const jobId = await startJob(world);
  await endJob(world, jobId, 'partial');
  return jobId;
}

describe('a retry', () => {
  test('is a separate job that records the job that it retries', async () => {
    const world = await openApi();
    const jobId = await endedJob(world);

    const answer = await world.post(`/jobs/${jobId}/retry`, {});

    const retryId = `${jobId}-retry-1`;
    expect(answer).toMatchObject({ status: 202, body: { jobId: retryId, state: 'started' } });
    expect(answer.headers.get('location')).toBe(`/jobs/${retryId}`);
    const [first, retry] = [
      await jobObject.require(world.store, jobId),
      await jobObject.require(world.store, retryId),
    ];
    expect(retry).toMatchObject({ retry: { jobId, nth: 1 }, inputs: first.inputs, owner: first.owner });
  });

  test('needs no body, and repeated requests start one job', async () => {
    const world = await openApi();
    const jobId = await endedJob(world);
    const first = await world.send('POST', `/jobs/${jobId}/retry`);

    const again = await world.send('POST', `/jobs/${jobId}/retry`);

    expect(first.body).toMatchObject({ state: 'started' });
    expect(again.body).toMatchObject({ jobId: `${jobId}-retry-1`, state: 'running' });
  });

  test('accepts only the overrides that the configuration allows', async () => {
    const world = await openApi();
    const jobId = await endedJob(world);

    for (const body of [{ overrides: { provider: 'melious' } }, { rows: [] }])
      expectProblem(await world.post(`/jobs/${jobId}/retry`, body), 422, 'invalid-request');
    await world.post(`/jobs/${jobId}/retry`, { overrides: { model: 'other' } });

    const retry = await jobObject.require(world.store, `${jobId}-retry-1`);
    expect(retry.profile.model).toBe('other');
  });

  test('of a job that has not ended or does not exist is refused', async () => {
    const world = await openApi();
    const jobId = await startJob(world);

    expectProblem(await world.post(`/jobs/${jobId}/retry`, {}), 422, 'invalid-request');
    expectProblem(await world.post('/jobs/nothing/retry', {}), 404, 'no-such-job');
  });

  test('has a JSON body', async () => {
    const world = await openApi();
    const jobId = await endedJob(world);

    const answer = await world.send('POST', `/jobs/${jobId}/retry`, {
      body: '{"profile":"default"}',
      headers: { 'content-type': 'text/plain' },
    });

    expectProblem(answer, 415, 'not-json');
  });
});
