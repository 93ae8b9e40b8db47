import { describe, expect, test } from 'vitest';
import { INDEX_PREFIX, stopKey, summaryKey } from '../../src/checkpoints/keys.ts';
import { keysBelow } from '../requests/store.ts';
import { endJob, expectNoJob, expectProblem, INPUT, jobIdOf, openApi, rowsOf, startJob } from './open-api.ts';

describe('a request that is sent twice', () => {
  test('is the same job, and starts once', async () => {
    const world = await openApi();
    const jobId = await startJob(world);

    const again = await world.post('/jobs', { inputs: [INPUT] });

    expect(again.body).toMatchObject({ jobId, state: 'running' });
    expect(world.executions.names).toEqual([jobId]);
    expect(await keysBelow(world.store, INDEX_PREFIX)).toHaveLength(1);
  });

  test('with its fields in another order is the same job', async () => {
    const world = await openApi();
    const jobId = jobIdOf(await world.post('/jobs', { name: 'n', rows: ['a'], overrides: { model: 'x' } }));

    expect(jobIdOf(await world.post('/jobs', { overrides: { model: 'x' }, rows: ['a'], name: 'n' }))).toBe(
      jobId,
    );
  });

  test('at the same moment is the same job, and starts once', async () => {
    const world = await openApi();

    const answers = await Promise.all(
      Array.from({ length: 10 }, () => world.post('/jobs', { rows: ['a', 'b'] })),
    );

    expect(new Set(answers.map(jobIdOf)).size).toBe(1);
    expect(world.executions.names).toHaveLength(1);
  });

  test('with another body is another job', async () => {
    const world = await openApi();

    const ids = [
      jobIdOf(await world.post('/jobs', { rows: ['a'] })),
      jobIdOf(await world.post('/jobs', { rows: ['b'] })),
    ];

    expect(new Set(ids).size).toBe(2);
    expect(world.executions.names).toEqual(ids);
  });

  test('from another caller is another job', async () => {
    const world = await openApi();
    const jobId = jobIdOf(await world.post('/jobs', { rows: ['a'] }));

    world.callAs('bob');

    expect(jobIdOf(await world.post('/jobs', { rows: ['a'] }))).not.toBe(jobId);
  });

  test('after the job has ended starts nothing', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await endJob(world, jobId, 'partial');

    const again = await world.post('/jobs', { inputs: [INPUT] });

    expect(again.body).toMatchObject({ jobId, state: 'finished' });
    expect(world.executions.names).toEqual([jobId]);
  });

  test('after the job has failed continues it', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await endJob(world, jobId, 'failed');

    const again = await world.post('/jobs', { inputs: [INPUT] });

    expect(again.body).toMatchObject({ jobId, state: 'resumed' });
    expect(world.executions.names).toEqual([jobId, `${jobId}-r2`]);
    expect(await world.store.get(summaryKey(jobId))).toBeUndefined();
  });

  test('after the job was cancelled does not continue it', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await world.post(`/jobs/${jobId}/cancel`, {});
    await endJob(world, jobId, 'cancelled');

    const again = await world.post('/jobs', { inputs: [INPUT] });

    expect(again.body).toMatchObject({ jobId, state: 'finished' });
    expect(world.executions.names).toEqual([jobId, `${jobId}-r2`]);
    expect(await world.store.get(stopKey(jobId))).toBeDefined();
  });

  test('after a cancel without a summary does not continue the job', async () => {
    const world = await openApi();
    const jobId = await startJob(world);
    await world.post(`/jobs/${jobId}/cancel`, {});
    world.executions.end(`${jobId}-r2`);

    const again = await world.post('/jobs', { inputs: [INPUT] });

    expect(again.body).toMatchObject({ jobId, state: 'finished' });
    expect(world.executions.names).toEqual([jobId, `${jobId}-r2`]);
  });
});

describe('an Idempotency-Key', () => {
  const key = (value: string) => ({ 'idempotency-key': value });

  test('with the same body is the same job', async () => {
    const world = await openApi();
    const first = await world.post('/jobs', { rows: ['a'] }, key('k-1'));

    const again = await world.post('/jobs', { rows: ['a'] }, key('k-1'));

    expect(jobIdOf(again)).toBe(jobIdOf(first));
    expect(again.body).toMatchObject({ state: 'running' });
    expect(world.executions.names).toHaveLength(1);
  });

  test('makes the same body another job', async () => {
    const world = await openApi();

    const ids = [
      jobIdOf(await world.post('/jobs', { rows: ['a'] })),
      jobIdOf(await world.post('/jobs', { rows: ['a'] }, key('k-1'))),
      jobIdOf(await world.post('/jobs', { rows: ['a'] }, key('k-2'))),
    ];

    expect(new Set(ids).size).toBe(3);
  });

  test.for([
    ['other rows', { rows: ['b'] }],
    ['a name', { rows: ['a'], name: 'n' }],
    ['other inputs', { inputs: [INPUT] }],
    ['a prefix', { prefix: 'input/' }],
    ['overrides', { rows: ['a'], overrides: { model: 'x' } }],
    ['a profile', { rows: ['a'], profile: 'other' }],
  ])('with %s is refused', async ([, body]) => {
    const world = await openApi();
    await world.store.put(INPUT, 'prompt\nhello\n');
    const jobId = jobIdOf(await world.post('/jobs', { rows: ['a'] }, key('k-1')));

    const other = await world.post('/jobs', body, key('k-1'));

    expectProblem(other, 409, 'idempotency-conflict');
    expect(world.executions.names).toEqual([jobId]);
    expect(await rowsOf(world.store, jobId)).toBe('"a"\n');
  });

  test('that two requests use at the same moment starts one job with the rows of the first request', async () => {
    const held = Promise.withResolvers<void>();
    const isSlow = (place: string, bytes: Uint8Array | string): boolean =>
      place.includes('/rows-') && bytes === '"slow"\n';
    const world = await openApi(({ store }) => ({
      store: {
        ...store,
        put: async (place, bytes) => {
          if (isSlow(place, bytes)) await held.promise;
          return store.put(place, bytes);
        },
        createIfAbsent: async (place, bytes) => {
          if (isSlow(place, bytes)) await held.promise;
          return store.createIfAbsent(place, bytes);
        },
      },
    }));
    const slow = world.post('/jobs', { rows: ['slow'] }, key('k-1'));
    const jobId = jobIdOf(await world.post('/jobs', { rows: ['fast'] }, key('k-1')));
    held.resolve();

    expectProblem(await slow, 409, 'idempotency-conflict');
    expect(await rowsOf(world.store, jobId)).toBe('"fast"\n');
  });

  test('is the name of the job', async () => {
    const { post } = await openApi();

    const jobId = jobIdOf(await post('/jobs', { rows: ['a'], name: 'n' }, key('nightly 2026-11-01')));

    expect(jobId).toMatch(/^nightly-2026-11-01-[0-9a-f]{16}$/);
  });

  test('of another caller is another job', async () => {
    const world = await openApi();
    const first = await world.post('/jobs', { rows: ['a'] }, key('k-1'));
    world.callAs('bob');

    const second = await world.post('/jobs', { rows: ['b'] }, key('k-1'));

    expect(jobIdOf(second)).not.toBe(jobIdOf(first));
  });

  test('of 255 characters is accepted', async () => {
    const world = await openApi();
    jobIdOf(await world.post('/jobs', { rows: ['a'] }, key('k'.repeat(255))));
  });

  test.for([
    ['256 characters', 'k'.repeat(256)],
    ['none', ''],
  ])('of %s is refused with an error that names the header', async ([, value = '']) => {
    const world = await openApi();

    const answer = await world.post('/jobs', { rows: ['a'] }, key(value));

    expect(expectProblem(answer, 422, 'invalid-request').errors).toMatchObject([
      { pointer: 'idempotency-key' },
    ]);
    await expectNoJob(world);
  });
});
