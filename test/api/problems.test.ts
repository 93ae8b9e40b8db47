import { describe, expect, test } from 'vitest';
import type { ApiEdges } from '../../src/api/api-edges.ts';
import { ExecutionsUnavailable, StoreRejected, StoreUnavailable } from '../../src/errors.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { indexKey, jobKey } from '../../src/checkpoints/keys.ts';
import { endJob, expectProblem, openApi, type World } from './open-api.ts';

/** A store in which every call fails with this error. */
const failing =
  (cause: Error) =>
  ({ store }: ApiEdges): { store: ObjectStore } => ({
    store: {
      ...store,
      get: () => Promise.reject(cause),
      put: () => Promise.reject(cause),
      stat: () => Promise.reject(cause),
      createIfAbsent: () => Promise.reject(cause),
      list: () => {
        throw cause;
      },
    },
  });

type Route = (world: World) => ReturnType<World['send']>;

const ROUTES_WITH_A_STORE: readonly (readonly [string, Route])[] = [
  ['starting a job', ({ post }) => post('/jobs', { rows: ['a'] })],
  ['listing jobs', ({ get }) => get('/jobs')],
  ['reading a job', ({ get }) => get('/jobs/a')],
  ['cancelling a job', ({ post }) => post('/jobs/a/cancel', {})],
  ['resuming a job', ({ post }) => post('/jobs/a/resume', {})],
];

describe('a store that does not answer', () => {
  test.for(ROUTES_WITH_A_STORE)('is an error that asks the caller to try again: %s', async ([, ask]) => {
    const world = await openApi(failing(new StoreUnavailable('s3:GetObject on s3://b/k did not succeed.')));

    const answer = await ask(world);

    expect(expectProblem(answer, 503, 'store-unavailable')).not.toHaveProperty('detail');
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
    expect(world.logged).toEqual([
      {
        event: 'step_failed',
        error: 'StoreUnavailable',
        reason: 's3:GetObject on s3://b/k did not succeed.',
      },
    ]);
  });
});

/** Writes the record of a job. */
async function putJob({ store }: World): Promise<void> {
  const createdAt = '2026-11-01T00:00:00.000Z';
  const profile = { name: 'default', provider: { name: 'simulator' } };
  await store.put(jobKey('a'), JSON.stringify({ jobId: 'a', createdAt, profile, inputs: [] }));
  await store.put(indexKey(createdAt, 'a'), '');
}

describe('a throttled call of Step Functions', () => {
  const busy = ({ store }: ApiEdges): Partial<ApiEdges> => {
    const answer = () =>
      Promise.reject(new ExecutionsUnavailable('states:DescribeExecution did not succeed.'));
    return { store, executions: { start: answer, look: answer, stop: answer } };
  };

  test.for([
    ['starting a job', ({ post }: World) => post('/jobs', { rows: ['a'] })],
    ['listing jobs', ({ get }: World) => get('/jobs')],
    ['reading a job', ({ get }: World) => get('/jobs/a')],
    ['cancelling a job', ({ post }: World) => post('/jobs/a/cancel', {})],
    ['resuming a job', ({ post }: World) => post('/jobs/a/resume', {})],
  ] as const)('is an error that asks the caller to try again: %s', async ([, ask]) => {
    const world = await openApi(busy);
    await putJob(world);

    const answer = await ask(world);

    expectProblem(answer, 503, 'executions-unavailable');
    expect(answer.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  });

  test.each(['succeeded', 'partial', 'failed', 'cancelled', 'empty'] as const)(
    'is not asked about a job whose summary says %s',
    async (status) => {
      const world = await openApi(busy);
      await putJob(world);
      await endJob(world, 'a', status);

      expect(await world.get('/jobs/a')).toMatchObject({ status: 200, body: { status } });
      expect(await world.get('/jobs')).toMatchObject({ status: 200, body: { jobs: [{ status }] } });
    },
  );

  test.each(['succeeded', 'partial', 'cancelled', 'empty'])(
    'is not asked about jobs that run, by whoever lists those that are %s',
    async (status) => {
      const world = await openApi(busy);
      await putJob(world);

      expect(await world.get(`/jobs?status=${status}`)).toMatchObject({ status: 200, body: { jobs: [] } });
    },
  );
});

describe('an unknown error', () => {
  test.for(ROUTES_WITH_A_STORE)('is logged and not shown to the caller: %s', async ([, ask]) => {
    const world = await openApi(failing(new TypeError('secret of the house')));

    const answer = await ask(world);

    expect(expectProblem(answer, 500, 'internal-error')).toEqual({
      type: 'urn:nightshift:problem:internal-error',
      title: 'Something went wrong',
      status: 500,
    });
    expect(JSON.stringify([...answer.headers])).not.toContain('secret');
    expect(world.logged).toEqual([
      { event: 'step_failed', error: 'TypeError', reason: 'secret of the house' },
    ]);
  });

  test('does not ask the caller to try again if the store rejected the call', async () => {
    const world = await openApi(failing(new StoreRejected('S3 denies s3:GetObject on s3://b/k.')));

    const answer = await world.get('/jobs/a');

    expectProblem(answer, 500, 'internal-error');
    expect(answer.headers.get('retry-after')).toBeNull();
  });

  test('is a caller who cannot be identified', async () => {
    const world = await openApi(() => ({
      caller: () => {
        throw new Error('The request was let in by no authorizer that is known.');
      },
    }));

    expectProblem(await world.post('/jobs', { rows: ['a'] }), 500, 'internal-error');

    expect(world.executions.names).toEqual([]);
  });

  test('is a URL that cannot be signed', async () => {
    const world = await openApi(({ links }) => ({
      links: { ...links, upload: () => Promise.reject(new Error('no credentials')) },
    }));

    expectProblem(await world.post('/uploads', { key: 'input/a.csv' }), 500, 'internal-error');
  });
});

describe('a route that does not exist', () => {
  test.for([
    ['GET', '/'],
    ['GET', '/job'],
    ['GET', '/jobs/'],
    ['GET', '/jobs/a/b'],
    ['GET', '/jobs/a/cancel'],
    ['GET', '/uploads'],
    ['POST', '/jobs/a'],
    ['POST', '/openapi.json'],
    ['PUT', '/jobs'],
    ['GET', '/files/output/a'],
  ] as const)('is an error with its method and path: %s %s', async ([method, path]) => {
    const world = await openApi();

    const { detail } = expectProblem(await world.send(method, path), 404, 'no-such-route');

    expect(detail).toBe(`${method} ${path}`);
  });
});
