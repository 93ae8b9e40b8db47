import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { completionEventSchema, type CompletionEvent } from '../../src/announce/completion-event.ts';
import { openWorld, prompts, type World } from '../workflow/world.ts';
import { startReceiver, type Post } from './http-receiver.ts';

/** Whole jobs, and what a receiver hears of them. */
async function openAnnouncingWorld(
  statuses: readonly number[],
  options: Parameters<typeof openWorld>[0] = {},
) {
  const { url, posts } = await startReceiver(...statuses);
  const world = await openWorld({ ...options, env: { WEBHOOK_URL: url, WEBHOOK_SECRET: 'whs-1' } });
  return { world, posts };
}

const eventOf = ({ body }: Post): CompletionEvent => completionEventSchema.parse(JSON.parse(body));

const toldOf = ({ logs }: World): unknown[] =>
  logs.filter(({ event }) => /announced/.test(event)).map(({ event, fields }) => [event, fields['channel']]);

describe('the end of a job', () => {
  test('is told with its counts and keys', async () => {
    const { world, posts } = await openAnnouncingWorld([200]);
    const { jobId } = await world.run(prompts(2));

    expect(posts.map(eventOf)).toEqual([
      {
        source: 'nightshift',
        'detail-type': 'Job Succeeded',
        detail: {
          id: jobId,
          jobId,
          profile: 'default',
          status: 'succeeded',
          rows: 2,
          counts: { ok: 2, failed: 0, exhausted: 0, invalid_output: 0, invalid: 0 },
          keys: { summary: `output/${jobId}/summary.json`, results: `output/${jobId}/results.jsonl` },
          endedAt: expect.any(String) as string,
        },
      },
    ]);
    expect(toldOf(world)).toEqual([
      ['job_announced', 'event'],
      ['job_announced', 'webhook'],
    ]);
  });

  test('is told with the key of its dead letters when there are some', async () => {
    const { world, posts } = await openAnnouncingWorld([200]);
    const { jobId } = await world.run(`${prompts(1)}{"nothing":1}\n`);

    expect(posts.map(eventOf)).toMatchObject([
      {
        'detail-type': 'Job Partially Succeeded',
        detail: { status: 'partial', keys: { deadLetters: `output/${jobId}/dead-letters.jsonl` } },
      },
    ]);
  });

  test('is told with its failure, and again under another id when it is resumed', async () => {
    const { world, posts } = await openAnnouncingWorld([200], {
      faults: [{ at: 'row', ids: ['q0'], action: { kind: 'error', code: 'BILLING_2003' }, times: 1 }],
    });
    const { jobId } = await world.run(prompts(1));
    await world.run(prompts(1));

    expect(posts.map(eventOf)).toMatchObject([
      { 'detail-type': 'Job Failed', detail: { id: jobId, failure: { code: 'BILLING_2003' } } },
      { 'detail-type': 'Job Succeeded', detail: { id: `${jobId}-r2`, jobId } },
    ]);
  });

  test('is told also when its results could not be written', async () => {
    const { posts, world } = await openAnnouncingWorld([200], {
      wrap: (call) => (step, event) =>
        step === 'write-results'
          ? Promise.reject(Object.assign(new Error('2 rows but 1 result.'), { name: 'CountsDoNotReconcile' }))
          : call(step, event),
    });
    await expect(world.run(prompts(2))).rejects.toThrow('summary.json');

    expect(posts.map(eventOf)).toMatchObject([
      {
        'detail-type': 'Job Failed',
        detail: {
          profile: 'default',
          status: 'failed',
          keys: {},
          failure: { name: 'CountsDoNotReconcile', message: '2 rows but 1 result.' },
        },
      },
    ]);
  });
});

describe('a receiver that', () => {
  test('fails at first is told again, with the same id, and the event is not put twice', async () => {
    const { world, posts } = await openAnnouncingWorld([503, 429, 200]);
    const { error } = await world.run(prompts(1));

    expect(error).toBeUndefined();
    expect(new Set(posts.map(({ headers }) => headers['x-nightshift-id']))).toHaveLength(1);
    expect(posts).toHaveLength(3);
    expect(toldOf(world)).toEqual([
      ['job_announced', 'event'],
      ['job_announced', 'webhook'],
    ]);
  });

  test.each([
    ['never answers well', 500, 7, 'AnnouncementUnavailable'],
    ['says no', 401, 1, 'AnnouncementRejected'],
  ])('%s changes nothing about the job, which is noted', async (_, status, tries, error) => {
    const { world, posts } = await openAnnouncingWorld([status]);
    const ended = await world.run(prompts(1));

    expect(ended).toMatchObject({ error: undefined, summary: { status: 'succeeded' } });
    expect(posts).toHaveLength(tries);
    expect(world.logs.at(-1)).toMatchObject({
      event: 'job_not_announced',
      fields: { jobId: ended.jobId, error, reason: expect.stringContaining(String(status)) as string },
    });
  });
});

test('the schema in the docs is the one that events are made by', async () => {
  const schema = await readFile(new URL('../../docs/completion.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(schema)).toEqual(z.toJSONSchema(completionEventSchema));
});
