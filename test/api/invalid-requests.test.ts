import { describe, expect, test } from 'vitest';
import { expectNoJob, expectProblem, INPUT, jobIdOf, openApi, sendText } from './open-api.ts';

/** The JSON text `value` inside this many levels of arrays. */
const nested = (levels: number, value: string): string =>
  `${'['.repeat(levels)}${value}${']'.repeat(levels)}`;

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
