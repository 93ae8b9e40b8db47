import { describe, expect, test } from 'vitest';
import { INPUT_PREFIX, jobKey } from '../../src/checkpoints/keys.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import { readJson } from '../../src/store/json.ts';
import { keysBelow } from '../requests/store.ts';
import { INPUT, jobIdOf, linksOf, openApi, rowsOf, sendText, START, startJob } from './open-api.ts';

describe('a requested job', () => {
  test('keeps the digits of its inline rows and of its body', async () => {
    const world = await openApi();
    const row = '{"prompt":"hi","seed":9223372036854775807,"temperature":0.70}';

    const { body } = await sendText(
      world,
      `{"rows": [${row}, 1E5], "overrides": {"budget": {"maxRows": 2.0}, "body": {"top_p": 1.0, "seeds": [1e400, -1E999]}}}`,
    );

    const { jobId } = body as { jobId: string };
    const job = await readJson<Job>(world.store, jobKey(jobId));
    expect(job?.profile.budget).toEqual({ maxRows: 2 });
    expect(JSON.stringify(job?.profile.body)).toBe('{"top_p":1.0,"seeds":[1e400,-1E999]}');
    const rows = await world.store.get(job?.inputs[0]?.key ?? '');
    expect(rows?.toString('utf8')).toBe(`${row}\n1E5\n`);
  });

  test('has its URL in the answer', async () => {
    const world = await openApi();
    await world.store.put(INPUT, 'prompt\nhello\n');

    const answer = await world.post('/jobs', { inputs: [INPUT] });

    const jobId = jobIdOf(answer);
    expect(answer.body).toEqual({
      jobId,
      state: 'started',
      links: linksOf(jobId),
    });
    expect(answer.headers.get('location')).toBe(`/jobs/${jobId}`);
    expect(answer.headers.get('content-type')).toBe('application/json');
  });

  test('is recorded under its own name before it runs', async () => {
    const world = await openApi();

    const jobId = await startJob(world);

    expect(world.executions.names).toEqual([jobId]);
    expect(await readJson(world.store, jobKey(jobId))).toMatchObject({
      jobId,
      inputs: [{ key: INPUT }],
      profile: { name: 'default', provider: { name: 'simulator' }, model: 'm' },
      createdAt: new Date(START).toISOString(),
    });
  });

  test('is named after its first input', async () => {
    expect(await startJob(await openApi())).toMatch(/^reviews-[0-9a-f]{16}$/);
  });

  test('has the name of the request', async () => {
    expect(await startJob(await openApi(), { name: 'Größe der Woche' })).toMatch(
      /^gro-e-der-woche-[0-9a-f]{16}$/,
    );
  });

  test('has its overrides in job.json', async () => {
    const world = await openApi();

    const jobId = await startJob(world, {
      overrides: { model: 'other', body: { temperature: 0 }, budget: { maxRows: 10 } },
    });

    expect(await readJson(world.store, jobKey(jobId))).toMatchObject({
      profile: { model: 'other', body: { temperature: 0 }, budget: { maxRows: 10 } },
    });
  });
});

describe('a body', () => {
  test.for(['application/json', 'application/json; charset=utf-8', 'Application/JSON'])(
    'is taken as %s',
    async (type) => {
      jobIdOf(await sendText(await openApi(), '{"rows":["a"]}', type));
    },
  );
});

describe('the rows of a job', () => {
  test('that come with the request are stored beside job.json, where they start no other job', async () => {
    const world = await openApi();

    const jobId = jobIdOf(await world.post('/jobs', { rows: [{ prompt: 'a' }, 'b', { prompt: 'ü' }] }));

    expect(await rowsOf(world.store, jobId)).toBe('{"prompt":"a"}\n"b"\n{"prompt":"ü"}\n');
    expect(await keysBelow(world.store, INPUT_PREFIX)).toEqual([]);
  });

  test('are those of its inputs, in their order and in their current versions', async () => {
    const versions: Record<string, string> = { 'staged/b.csv': 'v2', 'staged/a.csv': 'v1' };
    const world = await openApi(({ store }) => ({
      store: {
        ...store,
        stat: async (key) => {
          const found = await store.stat(key);
          return found && { ...found, version: versions[key] };
        },
      },
    }));
    for (const key of Object.keys(versions)) await world.store.put(key, 'prompt\nx\n');

    const jobId = jobIdOf(await world.post('/jobs', { inputs: Object.keys(versions) }));

    expect((await readJson<Job>(world.store, jobKey(jobId)))?.inputs).toEqual([
      { key: 'staged/b.csv', version: 'v2' },
      { key: 'staged/a.csv', version: 'v1' },
    ]);
  });

  test('are those of every file below its prefix, in the order of the keys', async () => {
    const world = await openApi();
    for (const name of ['b.csv', 'a.csv', 'more/c.csv']) {
      await world.store.put(`staged/week/${name}`, 'prompt\nx\n');
    }
    await world.store.put('staged/other.csv', 'prompt\nx\n');

    const jobId = jobIdOf(await world.post('/jobs', { prefix: 'staged/week/' }));

    expect((await readJson<Job>(world.store, jobKey(jobId)))?.inputs).toMatchObject([
      { key: 'staged/week/a.csv' },
      { key: 'staged/week/b.csv' },
      { key: 'staged/week/more/c.csv' },
    ]);
  });
});
