import { describe, expect, test } from 'vitest';
import type { Edges } from '../../src/edges.ts';
import type { JobContext } from '../../src/contract.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import type { Plan } from '../../src/checkpoints/plan.ts';
import type { ResolvedProfile } from '../../src/checkpoints/profile.ts';
import { jobKey, planKey, roundKey, shardKey, stopKey } from '../../src/checkpoints/keys.ts';
import type { LogFields } from '../../src/log.ts';
import { buildRequests } from '../../src/steps/build-requests.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { toRunObject } from '../../src/checkpoints/to-run.ts';
import { readJson, writeJson } from '../../src/store/json.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openTempFolder } from '../support/temp-folder.ts';
import { profileOf } from '../rows/build.ts';

const JOB_ID = 'job-1';

interface Bench {
  readonly store: ObjectStore;
  readonly logged: readonly [string, LogFields][];
  readonly build: () => Promise<JobContext>;
  readonly plan: () => Promise<Plan | undefined>;
  readonly toRun: () => Promise<number[]>;
}

/** A store with a job of these files, in this order. */
async function openJob(
  files: Readonly<Record<string, string>>,
  profile: Partial<ResolvedProfile> = {},
): Promise<Bench> {
  const folder = await openTempFolder();
  const store = createFolderStore(folder);
  for (const [name, content] of Object.entries(files)) await store.put(`input/default/${name}`, content);
  await writeJson(store, jobKey(JOB_ID), jobOf(Object.keys(files), profile));
  const logged: [string, LogFields][] = [];
  const edges: Edges = {
    store,
    clock: { now: () => 0 },
    random: () => 0,
    log: (event, fields) => void logged.push([event, fields]),
  };
  return {
    store,
    logged,
    build: async () => (await buildRequests(edges, { jobId: JOB_ID })) as JobContext,
    plan: () => readJson<Plan>(store, planKey(JOB_ID)),
    toRun: async () => (await toRunObject.require(store, JOB_ID)).map(({ shard }) => shard),
  };
}

function jobOf(names: readonly string[], profile: Partial<ResolvedProfile>): Job {
  return {
    jobId: JOB_ID,
    inputs: names.map((name) => ({ key: `input/default/${name}` })),
    createdAt: '2026-11-01T00:00:00.000Z',
    profile: profileOf({ shardLimits: { maxBytes: 1_000_000, maxRows: 2 }, ...profile }),
  };
}

const rows = (...ids: string[]): string =>
  ids.map((custom_id) => `${JSON.stringify({ custom_id, prompt: 'hi' })}\n`).join('');

const idsOf = async (store: ObjectStore, shard: number): Promise<string[]> => {
  const requests = await store.get(roundKey({ jobId: JOB_ID, shard }, 1, 'requests.jsonl'));
  const lines = requests?.toString('utf8').split('\n').slice(0, -1) ?? [];
  return lines.map((line) => (JSON.parse(line) as { custom_id: string }).custom_id);
};

describe('a job that starts', () => {
  test('is divided into shards, which are the items of the map', async () => {
    const { build, store, logged, plan, toRun } = await openJob({ 'a.jsonl': rows('1', '2', '3') });

    const context = await build();

    expect(context).toMatchObject({ jobId: JOB_ID, toRun: { shards: 2 }, provider: { name: 'p' } });
    expect(await toRun()).toEqual([0, 1]);
    expect([await idsOf(store, 0), await idsOf(store, 1)]).toEqual([['1', '2'], ['3']]);
    expect(await plan()).toMatchObject({ rows: 3, invalid: 0 });
    expect(logged).toEqual([['requests_built', { jobId: JOB_ID, rows: 3, invalid: 0, shards: 2 }]]);
  });

  test('with several files is one job, in their order, with the name of a file before repeated ids', async () => {
    const files = {
      'b.jsonl': rows('1', '2'),
      'a.json': '{"3":"hi","2":"hi"}',
      'c.ndjson': '{"prompt":"hi"}',
    };
    const { build, store, plan } = await openJob(files, {
      shardLimits: { maxBytes: 1_000_000, maxRows: 10 },
    });

    await build();

    expect(await idsOf(store, 0)).toEqual(['1', '2', '3', 'a-2', 'row-00000005']);
    expect((await plan())?.problems).toEqual([]);
  });

  test('accepts the ten prompts of the guide unchanged', async () => {
    const prompts = Object.fromEntries(
      Array.from({ length: 10 }, (_, i) => [
        `q${i}`,
        `In one sentence, why did Hanseatic city #${i} matter?`,
      ]),
    );
    const { build, store } = await openJob(
      { 'guide.json': JSON.stringify(prompts) },
      { model: 'glm-4.7:batch', shardLimits: { maxBytes: 1_000_000, maxRows: 10 } },
    );

    await build();

    const requests = await store.get(roundKey({ jobId: JOB_ID, shard: 0 }, 1, 'requests.jsonl'));
    const sent = requests?.toString('utf8').trim().split('\n') ?? [];
    expect(sent.map((line) => JSON.parse(line) as unknown)).toEqual(
      Object.entries(prompts).map(([custom_id, content]) => ({
        custom_id,
        method: 'POST',
        url: '/v1/chat/completions',
        body: { model: 'glm-4.7:batch', messages: [{ role: 'user', content }] },
      })),
    );
  });

  test('leaves a shard without requests out of the map', async () => {
    const limits = { shardLimits: { maxBytes: 1_000_000, maxRows: 1 } };
    const { build, plan, toRun } = await openJob({ 'a.jsonl': `x\nx\n${rows('1')}` }, limits);

    await build();

    expect((await plan())?.shards.map(({ rows: count, requests }) => [count, requests])).toEqual([
      [1, 0],
      [2, 1],
    ]);
    expect(await toRun()).toEqual([1]);
  });
});

describe('a job that continues', () => {
  test('keeps its plan, and runs only the shards that are not done', async () => {
    const { build, store, plan, logged, toRun } = await openJob({ 'a.jsonl': rows('1', '2', '3', '4', '5') });
    await build();
    const before = await plan();
    await store.delete('input/default/a.jsonl');
    await store.put(shardKey({ jobId: JOB_ID, shard: 1 }, 'done.json'), '{}');

    await build();

    expect(await toRun()).toEqual([0, 2]);
    expect(await plan()).toEqual(before);
    expect(logged).toHaveLength(1);
  });

  test('runs stopped shards; the stop itself is removed by the start of the job', async () => {
    const { build, store, toRun } = await openJob({ 'a.jsonl': rows('1') });
    await build();
    await store.put(stopKey(JOB_ID), '{}');
    await store.put(shardKey({ jobId: JOB_ID, shard: 0 }, 'stopped.json'), '{}');

    await build();

    expect(await toRun()).toEqual([0]);
    expect(await store.get(shardKey({ jobId: JOB_ID, shard: 0 }, 'stopped.json'))).toBeUndefined();
    expect(await store.get(stopKey(JOB_ID))).toBeDefined();
  });

  test('after a crash before its plan makes the same files again', async () => {
    const { build, store } = await openJob({ 'a.jsonl': `${rows('1')}broken\n${rows('2', '3')}` });
    const all = async (): Promise<Record<string, string | undefined>> => {
      const found: Record<string, string | undefined> = {};
      for await (const { key } of store.list('jobs/')) {
        found[key] = (await store.get(key))?.toString('utf8');
      }
      return found;
    };
    await build();
    const first = await all();
    await store.delete(planKey(JOB_ID));

    await build();

    expect(await all()).toEqual(first);
  });
});

describe('a job that cannot be sent', () => {
  test.each([
    ['has no rows', '\n\n', {}, /a\.jsonl has no rows: it is empty/],
    [
      'has no valid row',
      'x\ny\nz\nw',
      {},
      /no valid row\. line 1: .*; line 2: .*; line 3: .*\[INVALID_JSON\]; …/,
    ],
    [
      'is strict and has an invalid row',
      `${rows('1')}{"prompt":""}\n`,
      { strict: true },
      /1 of 2 rows .*nothing was sent.*line 2: .*\[NO_PROMPT\]/,
    ],
  ])(
    'because it %s fails with a plan, and fails again with the same message',
    async (_, input, profile, message) => {
      const { build, plan } = await openJob({ 'a.jsonl': input }, profile);

      await expect(build()).rejects.toMatchObject({
        name: 'InvalidInput',
        message: expect.stringMatching(message),
      });
      expect((await plan())?.failure?.message).toMatch(message);
      await expect(build()).rejects.toMatchObject({
        name: 'InvalidInput',
        message: expect.stringMatching(message),
      });
    },
  );

  test.each([
    ['an extension nobody knows', 'a.docx', 'x', /a\.docx: \.docx is not an input format/],
    ['other content than its name says', 'a.jsonl', '[\n{"prompt":"x"}\n]', /a\.jsonl is one JSON document/],
  ])('because a file has %s fails without a plan', async (_, name, content, message) => {
    const { build, plan } = await openJob({ [name]: content });

    await expect(build()).rejects.toMatchObject({
      name: 'InvalidInput',
      message: expect.stringMatching(message),
    });
    expect(await plan()).toBeUndefined();
  });

  test('because a file is gone names it', async () => {
    const { build, store } = await openJob({ 'a.jsonl': rows('1'), 'b.jsonl': rows('2') });
    await store.delete('input/default/b.jsonl');

    await expect(build()).rejects.toMatchObject({
      name: 'InvalidInput',
      message: expect.stringMatching(/There is no input file .*b\.jsonl/),
    });
  });
});
