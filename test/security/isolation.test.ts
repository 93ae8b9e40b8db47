import { describe, expect, test } from 'vitest';
import { jobKey } from '../../src/checkpoints/keys.ts';
import { defineConfig, parseConfig, type NightshiftConfig } from '../../src/config/config.ts';
import { ROUTES } from '../../src/config/routes.ts';
import { startDroppedJob } from '../../src/job-control/start-dropped-job.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import { readJson } from '../../src/store/json.ts';
import { endJob, expectProblem, jobIdOf, openApi, type World } from '../api/open-api.ts';

const PROFILES = {
  default: { provider: 'simulator', model: 'm', budget: { maxRows: 100, maxInputTokens: 1_000 } },
  classify: { provider: 'simulator', model: 'm' },
} as const;

const openWith = (change: Partial<NightshiftConfig> = {}): Promise<World> => {
  const config = defineConfig({ profiles: PROFILES, ...change });
  return openApi(() => ({ config }));
};

const jobOf = ({ store }: World, jobId: string): Promise<Job | undefined> =>
  readJson<Job>(store, jobKey(jobId));

/**
 * Drops a job file as a user who may write only to this folder.
 * @returns why it was refused
 */
async function drop(config: NightshiftConfig, key: string, request: object): Promise<string> {
  const world = await openApi(() => ({ config }));
  for (const file of [
    'input/a.csv',
    'input/classify/a.csv',
    'input/other/a.csv',
    'staged/a.csv',
    'output/j/results.jsonl',
  ])
    await world.store.put(file, 'prompt\nhello\n');
  await world.store.put(key, JSON.stringify(request));
  const edges = {
    store: world.store,
    executions: world.executions,
    config,
    clock: { now: () => 0 },
    random: () => 0.5,
    log: () => undefined,
  };
  const detail = { bucket: { name: 'b' }, object: { key, etag: 'e' } };
  const started = await startDroppedJob(edges, { source: 'aws.s3', detail });
  if (started.state === 'passed over' || started.state === 'started') return '';
  const summary = await readJson<{ failure: { message: string } }>(
    world.store,
    `output/${started.jobId}/summary.json`,
  );
  expect(world.executions.names).toEqual([]);
  return summary?.failure.message ?? '';
}

const OTHERS: readonly (readonly [string, object])[] = [
  ['a provider', { provider: 'openai' }],
  ['an endpoint', { endpoint: '/v1/embeddings' }],
  ['rounds', { rounds: 10 }],
  ['direct sending', { small: 'direct' }],
  ['shards', { shardLimits: { maxRows: 1 } }],
  ['the files at the provider', { keepProviderFiles: true }],
];

describe('a request from outside', () => {
  test.each(OTHERS)('does not change %s', async (_, overrides) => {
    const world = await openWith();

    const [field = ''] = Object.keys(overrides);
    const { errors } = expectProblem(
      await world.post('/jobs', { rows: ['a'], overrides }),
      422,
      'invalid-request',
    );
    expect(errors).toMatchObject([{ pointer: `#/overrides/${field}` }]);
    expect(world.executions.names).toEqual([]);
    expect(
      await drop({ profiles: PROFILES }, 'input/classify/x.job.json', { rows: ['a'], overrides }),
    ).toContain(`overrides.${field}: a request may not change this`);
  });

  test('changes the request parameters and lowers the budget; limits that it does not name stay', async () => {
    const world = await openWith();
    const overrides = {
      model: 'x',
      body: { top_p: 1 },
      system: 's',
      prompt: '{{a}}',
      budget: { maxRows: 10 },
    };

    const jobId = jobIdOf(await world.post('/jobs', { rows: [{ a: 1 }], overrides }));

    expect((await jobOf(world, jobId))?.profile).toMatchObject({
      model: 'x',
      budget: { maxRows: 10, maxInputTokens: 1_000 },
    });
  });

  test.each([{ maxRows: 101 }, { maxInputTokens: 1_001 }, { maxRows: 1, maxInputTokens: 2_000 }])(
    'does not raise the budget: %j',
    async (budget) => {
      const world = await openWith();

      const problem = expectProblem(
        await world.post('/jobs', { rows: ['a'], overrides: { budget } }),
        422,
        'invalid-request',
      );

      expect(problem.detail).toContain('a request may only lower it');
      expect(world.executions.names).toEqual([]);
      const request = { rows: ['a'], profile: 'default', overrides: { budget } };
      expect(await drop({ profiles: PROFILES }, 'input/x.job.json', request)).toContain('may only lower it');
    },
  );

  test('does not remove the budget with an empty one', async () => {
    const world = await openWith();

    const jobId = jobIdOf(await world.post('/jobs', { rows: ['a'], overrides: { budget: {} } }));

    expect((await jobOf(world, jobId))?.profile.budget).toEqual({ maxRows: 100, maxInputTokens: 1_000 });
  });

  test('changes what the configuration allows, with the providers and endpoints that are listed there', async () => {
    const requests = {
      overrides: ['rounds' as const],
      providers: ['simulator'],
      endpoints: ['/v1/embeddings'],
    };
    const world = await openWith({ requests });
    const overrides = { rounds: 1, provider: 'simulator', endpoint: '/v1/embeddings' };

    const jobId = jobIdOf(await world.post('/jobs', { rows: [{ input: 'a' }], overrides }));

    expect((await jobOf(world, jobId))?.profile).toMatchObject({ rounds: 1, endpoint: '/v1/embeddings' });
    for (const other of [{ model: 'x' }, { provider: 'openai' }, { endpoint: '/v1/completions' }])
      expectProblem(await world.post('/jobs', { rows: ['a'], overrides: other }), 422, 'invalid-request');
    const document = JSON.stringify(await (await world.api.request('/openapi.json')).json());
    expect(document).toContain('"rounds"');
    expect(document).not.toContain('"keepProviderFiles"');
  });
});

describe('a dropped job file', () => {
  const config = defineConfig({ profiles: { ...PROFILES, other: PROFILES.classify } });

  test.each<[string, object]>([
    ['the files of another profile', { inputs: ['input/other/a.csv'] }],
    ['a file that is right below input/', { inputs: ['input/a.csv'] }],
    ['results', { inputs: ['output/j/results.jsonl'] }],
    ['everything that was dropped', { prefix: 'input/' }],
    ['the results of all jobs', { prefix: 'output/' }],
    ['a folder whose name begins like its own', { prefix: 'input/classify' }],
    ['another profile by a step up', { inputs: ['input/classify/../other/a.csv'] }],
    ['another profile by a step up from staged/', { prefix: 'staged/../input/other/' }],
    ['files of another profile, which it names', { inputs: ['input/other/a.csv'], profile: 'other' }],
  ])('does not read %s', async (_, request) => {
    expect(await drop(config, 'input/classify/x.job.json', request)).toContain('may not read');
  });

  test.each<[string, object]>([
    ['input/classify/x.job.json', { inputs: ['input/classify/a.csv', 'staged/a.csv'] }],
    ['input/classify/x.job.json', { prefix: 'input/classify/' }],
    ['input/x.job.json', { inputs: ['input/a.csv'] }],
    ['input/x.job.json', { prefix: 'staged/' }],
  ])('at %s reads %j', async (key, request) => {
    expect(await drop(config, key, request)).toBe('');
  });

  test('reads only what the configuration allows', async () => {
    const allowing = { ...config, requests: { reads: { classify: ['output/'] } } };

    expect(await drop(allowing, 'input/classify/x.job.json', { prefix: 'output/' })).toBe('');
    expect(await drop(allowing, 'input/classify/x.job.json', { inputs: ['staged/a.csv'] })).toContain(
      'may not read',
    );
  });
});

describe('a caller of an API with isolated callers', () => {
  const apart = () => openWith({ api: { owner: 'caller' } });

  test('finds no jobs of others, neither in the list nor by a route of a job', async () => {
    const world = await apart();
    const hers = jobIdOf(await world.post('/jobs', { rows: ['a'] }));
    await world.store.put('output/dropped/summary.json', '{}');
    world.callAs('mallory');
    const his = jobIdOf(await world.post('/jobs', { rows: ['a'] }));

    expect(his).not.toBe(hers);
    expect((await world.get('/jobs')).body).toMatchObject({ jobs: [{ jobId: his }] });
    const routes = Object.values(ROUTES).filter(({ path }) => path.includes('{jobId}'));
    expect(routes.length).toBeGreaterThan(1);
    for (const jobId of [hers, 'dropped'])
      for (const { method, path } of routes) {
        const address = path.replace('{jobId}', jobId);
        const answer = await (method === 'get' ? world.get(address) : world.post(address, {}));
        expectProblem(answer, 404, 'no-such-job');
      }
    expect((await world.get(`/jobs/${his}`)).status).toBe(200);
  });

  test('cannot use files of others or results of their jobs', async () => {
    const world = await apart();
    const { key } = (await world.post('/uploads', { key: 'staged/a.csv' })).body as { key: string };
    await world.store.put(key, 'prompt\nhello\n');
    const hers = jobIdOf(await world.post('/jobs', { inputs: [key] }));
    await endJob(world, hers, 'succeeded');
    await world.store.put(`output/${hers}/results.jsonl`, '{"prompt":"x"}\n');
    await world.store.put('input/a.csv', 'prompt\nx\n');
    world.callAs('mallory');

    const folder = key.slice(0, key.lastIndexOf('/') + 1);
    for (const request of [
      { inputs: [key] },
      { inputs: [`output/${hers}/results.jsonl`] },
      { inputs: ['input/a.csv'] },
      { prefix: folder },
      { prefix: 'staged/' },
      { prefix: 'output/' },
      { prefix: `output/${hers}/` },
    ])
      expectProblem(await world.post('/jobs', request), 422, 'invalid-request');

    world.callAs('alice');
    expect((await world.post('/jobs', { inputs: [`output/${hers}/results.jsonl`] })).status).toBe(202);
  });

  test('uploads only to its own folder, which starts no job', async () => {
    const world = await apart();
    const { key } = (await world.post('/uploads', { key: 'staged/week/a.csv' })).body as { key: string };
    world.callAs('mallory');
    const { key: other } = (await world.post('/uploads', { key: 'staged/week/a.csv' })).body as {
      key: string;
    };

    expect(key).toMatch(/^staged\/[0-9a-f]{32}\/week\/a\.csv$/);
    expect(other).not.toBe(key);
    // The name of another caller's folder becomes a name below the caller's own folder.
    expect((await world.post('/uploads', { key })).body).toMatchObject({
      key: expect.stringMatching(/^staged\/[0-9a-f]{32}\/[0-9a-f]{32}\//),
    });
    expectProblem(await world.post('/uploads', { key: 'input/a.csv' }), 422, 'invalid-request');
  });

  test('shares everything with the others if the configuration sets nothing', async () => {
    const world = await openWith();
    const jobId = jobIdOf(await world.post('/jobs', { rows: ['a'] }));
    world.callAs('bob');

    expect((await world.get(`/jobs/${jobId}`)).status).toBe(200);
    expect((await world.get('/jobs')).body).toMatchObject({ jobs: [{ jobId }] });
  });
});

test('every route refuses a caller without an identity', async () => {
  const world = await openApi(() => ({
    caller: () => {
      throw new Error('The sender of the request is unknown.');
    },
  }));

  for (const answer of [
    await world.get('/jobs'),
    await world.get('/jobs/a'),
    await world.post('/jobs', { rows: ['a'] }),
    await world.post('/jobs/a/cancel', {}),
    await world.post('/jobs/a/resume', {}),
    await world.post('/uploads', { key: 'input/a.csv' }),
  ])
    expect(answer.status).toBe(500);
});

test('scopes are only of existing routes', () => {
  const jwt = { issuer: 'https://id.example', audience: ['a'] };
  const withScopes = (scopes: object) => parseConfig({ profiles: {}, api: { jwt: { ...jwt, scopes } } });

  expect(withScopes({ createJob: ['jobs.write'], getJob: ['jobs.read'] }).api?.jwt?.scopes).toEqual({
    createJob: ['jobs.write'],
    getJob: ['jobs.read'],
  });
  expect(() => withScopes({ everything: ['x'] })).toThrow('api.jwt.scopes');
});
