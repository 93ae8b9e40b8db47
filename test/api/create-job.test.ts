import { describe, expect, test } from 'vitest';
import { INDEX_PREFIX, INPUT_PREFIX, jobKey, stopKey, summaryKey } from '../../src/checkpoints/keys.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import { readJson, requireJson } from '../../src/store/json.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { endJob, expectProblem, INPUT, jobIdOf, openApi, START, startJob, type World } from './open-api.ts';

async function keysBelow(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

/** How `value` is, `levels` arrays deep, as JSON. */
const nested = (levels: number, value: string): string =>
  `${'['.repeat(levels)}${value}${']'.repeat(levels)}`;

const sendText = ({ send }: World, body: string, type = 'application/json') =>
  send('POST', '/jobs', { body, headers: { 'content-type': type } });

/** That nothing was started, and nothing was written down. */
async function expectNoJob({ store, executions }: World): Promise<void> {
  expect(executions.names).toEqual([]);
  expect(await keysBelow(store, 'jobs/')).toEqual([]);
  expect(await keysBelow(store, INDEX_PREFIX)).toEqual([]);
}

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
      links: {
        self: `/jobs/${jobId}`,
        cancel: `/jobs/${jobId}/cancel`,
        resume: `/jobs/${jobId}/resume`,
        approve: `/jobs/${jobId}/approve`,
        reject: `/jobs/${jobId}/reject`,
        retry: `/jobs/${jobId}/retry`,
      },
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

/** The rows of a job that brought them along, as they were written down. */
async function rowsOf(store: ObjectStore, jobId: string): Promise<string | undefined> {
  const { inputs } = await requireJson<Job>(store, jobKey(jobId));
  expect(inputs).toEqual([{ key: expect.stringMatching(`^jobs/${jobId}/rows-`) as string }]);
  return (await store.get(inputs[0]?.key ?? ''))?.toString();
}

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

describe('an invalid request', () => {
  test('is refused with a JSON pointer to its unknown field', async () => {
    const world = await openApi();

    const problem = expectProblem(
      await world.post('/jobs', { profil: 'x', rows: ['a'] }),
      422,
      'invalid-request',
    );

    expect(problem.errors).toEqual([
      { pointer: '#/profil', detail: 'There is no such field. Did you mean "profile"?' },
    ]);
    await expectNoJob(world);
  });

  test.each([
    ['/jobs', { rows: ['a'], overrides: { modle: 'x' } }, '#/overrides/modle', 'Did you mean "model"?'],
    ['/jobs/any/retry', { profil: 'x' }, '#/profil', 'Did you mean "profile"?'],
    ['/uploads', { key: 'staged/a.txt', byte: 1 }, '#/byte', 'Did you mean "bytes"?'],
  ])('is refused with a suggestion for a misspelt field: %s %j', async (path, body, pointer, meant) => {
    const world = await openApi();

    const { errors } = expectProblem(await world.post(path, body), 422, 'invalid-request');

    expect(errors).toEqual([{ pointer, detail: expect.stringContaining(meant) as string }]);
  });

  test('is refused with a JSON pointer to a nested field', async () => {
    const { post } = await openApi();

    const answer = await post('/jobs', {
      inputs: [INPUT, 7],
      overrides: { budget: { 'max/rows~': 1 } },
    });

    expect(expectProblem(answer, 422, 'invalid-request').errors?.map(({ pointer }) => pointer)).toEqual([
      '#/overrides/budget/max~1rows~0',
      '#/inputs/1',
    ]);
  });

  test('is refused with all its problems at once', async () => {
    const { post } = await openApi();

    const answer = await post('/jobs', { name: '', profil: 'x', overrides: { model: 7 }, rows: [] });

    const { errors = [], detail } = expectProblem(answer, 422, 'invalid-request');
    const pointers = errors.map(({ pointer }) => pointer);
    expect(new Set(pointers)).toEqual(new Set(['#/name', '#/profil', '#/overrides/model', '#/rows']));
    for (const pointer of pointers) expect(detail).toContain(pointer);
  });

  test.for([
    ['inputs and prefix', { inputs: [INPUT], prefix: 'input/' }],
    ['inputs and rows', { inputs: [INPUT], rows: ['a'] }],
    ['prefix and rows', { prefix: 'input/', rows: ['a'] }],
    ['all three', { inputs: [INPUT], prefix: 'input/', rows: ['a'] }],
    ['none of inputs, prefix and rows', {}],
  ])('is one with %s', async ([, body]) => {
    const world = await openApi();
    await world.store.put(INPUT, 'prompt\nhello\n');

    const problem = expectProblem(await world.post('/jobs', body), 422, 'invalid-request');

    expect(problem.detail).toContain('exactly one of "inputs", "prefix" and "rows"');
    await expectNoJob(world);
  });

  test('is refused with the name of its missing input file', async () => {
    const world = await openApi();
    await world.store.put(INPUT, 'prompt\nhello\n');

    const answer = await world.post('/jobs', { inputs: [INPUT, 'staged/gone.csv'] });

    const { detail } = expectProblem(answer, 422, 'invalid-request');
    expect(detail).toContain('staged/gone.csv');
    expect(detail).not.toContain(INPUT);
    await expectNoJob(world);
  });

  test('is refused if it names other objects than dropped files, staged files and files of jobs', async () => {
    const { post } = await openApi();

    const answer = await post('/jobs', { inputs: ['jobs/a/job.json', 'claims/x'] });

    expect(expectProblem(answer, 422, 'invalid-request').errors?.map(({ pointer }) => pointer)).toEqual([
      '#/inputs/0',
      '#/inputs/1',
    ]);
  });

  test.for([
    ['inputs', { inputs: ['input/../jobs/a/job.json'] }],
    ['prefix', { prefix: 'input/../jobs/' }],
  ])('is refused if its %s leaves the folder', async ([, body]) => {
    const world = await openApi();
    await world.store.put('jobs/a/job.json', '{}');

    expectProblem(await world.post('/jobs', body), 422, 'invalid-request');

    expect(world.executions.names).toEqual([]);
  });

  test('is refused with the name of a prefix that has no files', async () => {
    const { post } = await openApi();

    const answer = await post('/jobs', { prefix: 'staged/none' });

    expect(expectProblem(answer, 422, 'invalid-request').detail).toContain('staged/none');
  });

  test('is refused with its unknown profile and the list of the profiles', async () => {
    const world = await openApi();

    const { detail } = expectProblem(
      await world.post('/jobs', { profile: 'toString', rows: ['a'] }),
      422,
      'invalid-request',
    );

    expect(detail).toContain('"toString"');
    expect(detail).toContain('Profiles: default.');
    await expectNoJob(world);
  });

  test('is refused with the provider that a request may not name', async () => {
    const { post } = await openApi();

    const answer = await post('/jobs', { overrides: { provider: 'nobody' }, rows: ['a'] });

    expect(expectProblem(answer, 422, 'invalid-request').errors).toMatchObject([
      { pointer: '#/overrides/provider' },
    ]);
  });

  test.for([
    ['an array', '[]'],
    ['a string', '"rows"'],
    ['null', 'null'],
    ['a number', '7'],
  ])('is %s', async ([, body = '']) => {
    const world = await openApi();
    expectProblem(await sendText(world, body), 422, 'invalid-request');
  });

  test.for([
    ['cut off', '{"rows":["a"'],
    ['empty', ''],
    ['no JSON', 'rows=a'],
    ['followed by more', '{"rows":["a"]} {"rows":["b"]}'],
  ])('is malformed: %s', async ([, body = '']) => {
    const world = await openApi();

    expectProblem(await sendText(world, body), 400, 'malformed-request');

    await expectNoJob(world);
  });

  test.for([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/jsonp',
    'application/json ;charset',
    'application/vnd.nightshift+json',
    '',
  ])('is refused if its content type is not JSON: %j', async (type) => {
    const world = await openApi();

    expectProblem(await sendText(world, '{"rows":["a"]}', type), 415, 'not-json');

    await expectNoJob(world);
  });

  test('is refused for rows that are nested too deeply', async () => {
    const world = await openApi();

    expectProblem(await sendText(world, `{"rows":[${nested(100_000, '1')}]}`), 422, 'invalid-request');

    await expectNoJob(world);
  });

  test('is refused for a body parameter that is nested too deeply', async () => {
    const world = await openApi();
    const body = `{"rows":["a"],"overrides":{"body":{"x":${nested(100_000, '1')}}}}`;

    expectProblem(await sendText(world, body), 422, 'invalid-request');

    await expectNoJob(world);
  });

  test('is refused for an unknown field that is nested too deeply', async () => {
    const world = await openApi();

    const answer = await sendText(world, `{"rows":["a"],"profil":${nested(100_000, '1')}}`);

    expect(expectProblem(answer, 422, 'invalid-request').errors).toMatchObject([{ pointer: '#/profil' }]);
  });
});

describe('a request of 5 MB', () => {
  const bodyOf = (bytes: number): string => `{"rows":["${'x'.repeat(bytes - '{"rows":[""]}'.length)}"]}`;

  test('is taken', async () => {
    const world = await openApi();
    const body = bodyOf(5_000_000);

    jobIdOf(await sendText(world, body));

    expect(body).toHaveLength(5_000_000);
  });

  test('and one byte is refused, and the error names the way for large files', async () => {
    const world = await openApi();

    const { detail } = expectProblem(await sendText(world, bodyOf(5_000_001)), 413, 'too-large');

    expect(detail).toContain('POST /uploads');
    await expectNoJob(world);
  });

  test('and one byte is refused by its Content-Length, before it is read', async () => {
    const world = await openApi();

    const answer = await world.send('POST', '/jobs', {
      body: '{}',
      headers: { 'content-type': 'application/json', 'content-length': '5000001' },
    });

    expectProblem(answer, 413, 'too-large');
  });

  test('and one byte is refused if it has no Content-Length', async () => {
    const world = await openApi();
    const body = new Blob([bodyOf(5_000_001)]).stream();

    const answer = await world.send('POST', '/jobs', {
      body,
      headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
      duplex: 'half',
    });

    expectProblem(answer, 413, 'too-large');
    await expectNoJob(world);
  });
});
