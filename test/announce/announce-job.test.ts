import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { completionEventSchema, type CompletionEvent } from '../../src/announce/completion-event.ts';
import { waitingEventSchema } from '../../src/announce/waiting-event.ts';
import { openWorld, prompts, type World } from '../workflow/world.ts';
import { startReceiver, type Post } from './http-receiver.ts';

/** A world that announces its jobs to a webhook receiver, which answers with these statuses. */
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
  test('is announced with its counts and keys', async () => {
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

  test('is announced with the key of its dead letters if there are some', async () => {
    const { world, posts } = await openAnnouncingWorld([200]);
    const { jobId } = await world.run(`${prompts(1)}{"nothing":1}\n`);

    expect(posts.map(eventOf)).toMatchObject([
      {
        'detail-type': 'Job Partially Succeeded',
        detail: { status: 'partial', keys: { deadLetters: `output/${jobId}/dead-letters.jsonl` } },
      },
    ]);
  });

  test('is announced with its failure, and announced again with another id after a resume', async () => {
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

  test('is announced even if its results could not be written', async () => {
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
  test('fails at first is called again with the same id, and the event is not put twice', async () => {
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
  ])('%s does not change the job, and the failure is recorded', async (_, status, tries, error) => {
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

describe('a job that waits for an approval', () => {
  const WAITS = { pilot: { rows: 2, approve: true } };
  /** Approves the job when its execution has looked for a decision three times. */
  const approving = (open: () => World): Parameters<typeof openWorld>[0] => {
    let looks = 0;
    return {
      wrap: (call) => async (step, event) => {
        const output = await call(step, event);
        const isWaiting = typeof output === 'object' && output !== null && 'waiting' in output;
        if (isWaiting && (looks += 1) === 3)
          await open().judge((event as { jobId: string }).jobId, 'approved');
        return output;
      },
    };
  };
  const openApproved = async (statuses: readonly number[]) => {
    const opened = await openAnnouncingWorld(
      statuses,
      approving(() => opened.world),
    );
    return opened;
  };

  test('is announced once, with its sample, the two commands, and the time at which it ends without a decision', async () => {
    const { world, posts } = await openApproved([200]);
    const { jobId, summary } = await world.run(prompts(8), WAITS);

    const [waiting, ended, ...others] = posts;
    expect(others).toEqual([]);
    expect(waitingEventSchema.parse(JSON.parse(waiting?.body ?? ''))).toEqual({
      source: 'nightshift',
      'detail-type': 'Job Waiting For Approval',
      detail: {
        id: `${jobId}.waiting`,
        jobId,
        profile: 'default',
        status: 'waiting',
        pilot: { rows: 2, counts: { ok: 2, failed: 0, exhausted: 0, invalid_output: 0, invalid: 0 } },
        keys: { pilot: `output/${jobId}/pilot.jsonl`, report: `output/${jobId}/pilot.html` },
        approve: `npx nightshift approve ${jobId}`,
        reject: `npx nightshift reject ${jobId}`,
        until: expect.any(String) as string,
      },
    });
    const { until } = waitingEventSchema.parse(JSON.parse(waiting?.body ?? '')).detail;
    const wait = (Date.parse(until) - Date.parse(summary.startedAt)) / 86_400_000;
    expect(wait).toBeGreaterThan(6.9);
    expect(wait).toBeLessThan(7.1);
    expect(ended && eventOf(ended)).toMatchObject({ detail: { id: jobId, status: 'succeeded' } });
    expect(world.logs.filter(({ event }) => event === 'job_announced').map(({ fields }) => fields)).toEqual([
      { jobId, execution: `${jobId}.waiting`, status: 'waiting', channel: 'event' },
      { jobId, execution: `${jobId}.waiting`, status: 'waiting', channel: 'webhook' },
      { jobId, execution: jobId, status: 'succeeded', channel: 'event' },
      { jobId, execution: jobId, status: 'succeeded', channel: 'webhook' },
    ]);
  });

  test.each([
    ['fails at first: it is posted again with the same id', [503, 503, 200], 3],
    ['rejects it: the job waits all the same, and the failure is logged', [401, 200], 1],
  ])('is announced to a receiver that %s', async (_what, statuses, tries) => {
    const { world, posts } = await openApproved(statuses);
    const { jobId, summary, error } = await world.run(prompts(8), WAITS);

    expect(error).toBeUndefined();
    expect(summary).toMatchObject({ status: 'succeeded', pilot: { state: 'approved' } });
    const ids = posts.map(({ headers }) => headers['x-nightshift-id']);
    expect(ids).toEqual([...Array.from({ length: tries }, () => `${jobId}.waiting`), jobId]);
    const failed = world.logs.filter(({ event }) => event === 'job_not_announced');
    expect(failed.map(({ fields }) => fields['error'])).toEqual(tries === 1 ? ['AnnouncementRejected'] : []);
  });

  test('is not announced any more if somebody decides while the receiver is down', async () => {
    const { url, posts } = await startReceiver(503, 200);
    const world: World = await openWorld({
      env: { WEBHOOK_URL: url, WEBHOOK_SECRET: 'whs-1' },
      wrap: (call) => async (step, event) => {
        try {
          return await call(step, event);
        } catch (error) {
          const { waits } = event as { readonly waits?: { readonly jobId: string } };
          if (waits !== undefined) await world.judge(waits.jobId, 'approved');
          throw error;
        }
      },
    });

    const { jobId, summary } = await world.run(prompts(8), WAITS);

    expect(summary).toMatchObject({ status: 'succeeded', pilot: { state: 'approved' } });
    expect(posts.map(({ headers }) => headers['x-nightshift-id'])).toEqual([`${jobId}.waiting`, jobId]);
  });

  test('is announced with another id if it waits again after a resume', async () => {
    const { url, posts } = await startReceiver(200);
    let looks = 0;
    const world: World = await openWorld({
      env: { WEBHOOK_URL: url, WEBHOOK_SECRET: 'whs-1' },
      wrap: (call) => async (step, event) => {
        const output = await call(step, event);
        const { jobId } = event as { jobId: string };
        const isWaiting = typeof output === 'object' && output !== null && 'waiting' in output;
        if (isWaiting && (looks += 1) === 2) await world.cancel(jobId);
        if (isWaiting && looks === 4) await world.judge(jobId, 'rejected');
        return output;
      },
    });
    const { jobId } = await world.run(prompts(8), WAITS).catch(() => world.ended('test-rows-jsonl'));
    await world.ended(jobId);
    await world.resume(jobId);

    const ids = posts.map(({ headers }) => headers['x-nightshift-id']);
    expect(ids).toEqual([`${jobId}.waiting`, `${jobId}-r2`, `${jobId}-r3.waiting`, `${jobId}-r3`]);
  });
});

test('the events of waiting jobs match the schema in the docs', async () => {
  const schema = await readFile(new URL('../../docs/waiting.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(schema)).toEqual(z.toJSONSchema(waitingEventSchema));
});

test('the events match the schema in the docs', async () => {
  const schema = await readFile(new URL('../../docs/completion.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(schema)).toEqual(z.toJSONSchema(completionEventSchema));
});
