import { describe, expect, test } from 'vitest';
import { expectProblem, openApi, START } from './open-api.ts';

describe('an upload', () => {
  test.for([
    'input/a.csv',
    'input/classify/a.csv.gz',
    'staged/a.jsonl',
    'staged/week 1/größe & mehr?.csv',
    'staged/..a/b..csv',
    'staged/🌙.jsonl',
  ])('has a URL for 15 minutes: %s', async (key) => {
    const world = await openApi();

    const answer = await world.post('/uploads', { key });

    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      key,
      method: 'PUT',
      url: `https://files.example/put/${key}`,
      headers: { 'if-none-match': '*' },
      expiresAt: new Date(START + 900_000).toISOString(),
    });
  });

  test('may be limited to the length of its file', async () => {
    const world = await openApi();

    const answer = await world.post('/uploads', { key: 'input/a.csv', bytes: 12 });

    expect(answer.body).toMatchObject({ headers: { 'if-none-match': '*', 'content-length': '12' } });
  });

  test.for([-1, 0.5, 5 * 2 ** 30 + 1, '12'])('is refused for %j bytes', async (bytes) => {
    const world = await openApi();

    const answer = await world.post('/uploads', { key: 'input/a.csv', bytes });

    expect(expectProblem(answer, 422, 'invalid-request').errors).toMatchObject([{ pointer: '#/bytes' }]);
  });

  test('does not start a job', async () => {
    const world = await openApi();

    await world.post('/uploads', { key: 'input/a.csv' });

    expect(world.executions.names).toEqual([]);
  });

  test.for([
    'output/a/results.jsonl',
    'jobs/a/job.json',
    'index/1234567890123-a',
    'claims/nightly/a',
    'a.csv',
    '/input/a.csv',
    'INPUT/a.csv',
    'input',
    'input/',
    'staged/week/',
    '',
  ])('is refused for a key that is not a file below input/ or staged/: %s', async (key) => {
    const world = await openApi();

    const { errors = [] } = expectProblem(await world.post('/uploads', { key }), 422, 'invalid-request');

    expect(new Set(errors.map(({ pointer }) => pointer))).toEqual(new Set(['#/key']));
  });

  test.for([
    'input/../output/a/results.jsonl',
    'input/..',
    'staged/../../a.csv',
    'staged/./a.csv',
    'input/\uD83C.csv',
  ])('is refused for a key whose URL would lead elsewhere: %j', async (key) => {
    const world = await openApi();

    expectProblem(await world.post('/uploads', { key }), 422, 'invalid-request');
  });

  test('is refused for a key that is too long for S3', async () => {
    const world = await openApi();

    expectProblem(
      await world.post('/uploads', { key: `input/${'a'.repeat(1_019)}` }),
      422,
      'invalid-request',
    );
  });

  test('is refused with the names of its unknown fields', async () => {
    const world = await openApi();

    const answer = await world.post('/uploads', { key: 'input/a.csv', size: 1 });

    expect(expectProblem(answer, 422, 'invalid-request').errors).toMatchObject([{ pointer: '#/size' }]);
  });

  test('is refused without a key', async () => {
    const world = await openApi();

    expect(expectProblem(await world.post('/uploads', {}), 422, 'invalid-request').errors).toMatchObject([
      { pointer: '#/key' },
    ]);
  });

  test('is refused if it is sent as a form', async () => {
    const world = await openApi();

    const answer = await world.send('POST', '/uploads', {
      body: new URLSearchParams({ key: 'input/a.csv' }),
    });

    expectProblem(answer, 415, 'not-json');
  });

  test('is refused if it sends the file itself', async () => {
    const world = await openApi();

    expectProblem(await world.post('/uploads', { key: 'x'.repeat(5_000_001) }), 413, 'too-large');
  });
});
