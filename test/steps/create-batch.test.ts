import { describe, expect, test } from 'vitest';
import type { ProviderEdges } from '../../src/edges.ts';
import {
  ProviderBusy,
  ProviderDenied,
  ProviderNotFound,
  ProviderRejected,
  ProviderThrottled,
  ProviderFileTooLarge,
  ProviderUnavailable,
} from '../../src/errors.ts';
import { jobKey, roundKey } from '../../src/checkpoints/keys.ts';
import { changeRoom } from '../../src/checkpoints/room.ts';
import type { Batch, BatchProvider } from '../../src/provider/batch-provider.ts';
import { createBatch } from '../../src/steps/create-batch.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { readJson, writeJson } from '../../src/store/json.ts';
import { NOW, stepEdges, uploadedTo } from '../support/step-edges.ts';
import { openTempFolder } from '../support/temp-folder.ts';

const CONTEXT = uploadedTo('melious');

async function openEdges(provider: Partial<BatchProvider>): Promise<ProviderEdges> {
  const folder = await openTempFolder();
  const store = createFolderStore(folder);
  const profile = { endpoint: '/v1/chat/completions', completionWindow: '24h' };
  await writeJson(store, jobKey('job-1'), { jobId: 'job-1', profile });
  return stepEdges(store, provider);
}

const announcement = (edges: ProviderEdges) =>
  readJson<{ at: number; refusedWith?: string }>(edges.store, roundKey(CONTEXT, 1, 'creating.json'));

const OURS = { id: 'batch_1', status: 'in_progress', phase: 'running' } as Batch;
const DEAD = { id: 'batch_0', status: 'cancelled', phase: 'ended', ending: 'cancelled' } as Batch;

describe('a shard that waits for a slot', () => {
  const other = {
    jobId: 'job-0',
    shard: 0,
    round: 1,
    model: undefined,
    tokens: 1,
    since: NOW,
    at: NOW,
    nth: 0,
  };

  test.each([
    ['is taken', { holders: [other], waiting: [] }, 'its one slot is taken; 0 shards asked before it'],
    [
      'is free for one that asked before it',
      { holders: [], waiting: [other] },
      'a slot is free, but earlier shards get it first; 1 shard asked before it',
    ],
  ])('reports that the slot %s', async (_how, room, reason) => {
    const edges = await openEdges({});
    const profile = { endpoint: '/v1/chat/completions', completionWindow: '24h', maxBatches: 1 };
    for (const jobId of ['job-0', 'job-1']) await writeJson(edges.store, jobKey(jobId), { jobId, profile });
    await changeRoom(
      edges.store,
      'p',
      () => room,
      () => Promise.resolve(),
    );

    await expect(createBatch(edges, CONTEXT)).rejects.toThrow(reason);
  });
});

/** Errors of a create after which the state machine gives up the round's rows. */
const REFUSALS = [
  new ProviderRejected('create batch: 400'),
  new ProviderDenied('create batch: 402'),
  new ProviderNotFound('create batch: 404'),
  new ProviderFileTooLarge('create batch: 413'),
];

describe('a create that the provider rejected', () => {
  test.each(REFUSALS)('made no batch if the list does not have it: $name', async (reason) => {
    const edges = await openEdges({
      createBatch: () => Promise.reject(reason),
      findBatch: () => Promise.resolve(undefined),
    });

    await expect(createBatch(edges, CONTEXT)).rejects.toBe(reason);
    expect(await announcement(edges)).toMatchObject({ at: 0 });
  });

  test.each(REFUSALS)('made a batch if the list has it, also late: $name', async (reason) => {
    let looks = 0;
    const edges = await openEdges({
      createBatch: () => Promise.reject(reason),
      findBatch: () => Promise.resolve((looks += 1) < 3 ? undefined : OURS),
    });

    expect(await createBatch(edges, CONTEXT)).toMatchObject({ batchId: 'batch_1', createdAt: NOW });
  });

  test('is not mistaken for a cancelled twin that is listed first', async () => {
    const seen = [DEAD, DEAD, OURS];
    const edges = await openEdges({
      createBatch: () => Promise.reject(new ProviderRejected('create batch: 409')),
      findBatch: () => Promise.resolve(seen.shift()),
    });

    expect(await createBatch(edges, CONTEXT)).toMatchObject({ batchId: 'batch_1' });
  });

  test('fails no rows while the list does not answer', async () => {
    const edges = await openEdges({
      createBatch: () => Promise.reject(new ProviderRejected('create batch: 400')),
      findBatch: () => Promise.reject(new ProviderUnavailable('find batch: no answer')),
    });

    await expect(createBatch(edges, CONTEXT)).rejects.toMatchObject({ name: 'ProviderUnavailable' });
    expect(await announcement(edges)).toMatchObject({ at: NOW });
  });

  test('is trusted if there is no list', async () => {
    const reason = new ProviderRejected('create batch: 400');
    const edges = await openEdges({
      createBatch: () => Promise.reject(reason),
      findBatch: () => Promise.reject(new ProviderNotFound('find batch: 404')),
    });

    await expect(createBatch(edges, CONTEXT)).rejects.toBe(reason);
    expect(await announcement(edges)).toMatchObject({ at: 0 });
  });

  test('keeps its announcement if the list is denied, too', async () => {
    const reason = new ProviderDenied('create batch: 401');
    const edges = await openEdges({
      createBatch: () => Promise.reject(reason),
      findBatch: () => Promise.reject(new ProviderDenied('find batch: 401')),
    });

    await expect(createBatch(edges, CONTEXT)).rejects.toBe(reason);
    expect(await announcement(edges)).toMatchObject({ at: NOW });
  });

  test.each([new ProviderBusy('create batch: 429'), new ProviderThrottled('create batch: 429')])(
    'for now is made again only when the list had a minute to show its batch: $name',
    async (reason) => {
      let now = NOW;
      let creates = 0;
      let listed: Batch | undefined;
      const edges = await openEdges({
        createBatch: () => {
          creates += 1;
          return Promise.reject(reason);
        },
        findBatch: () => Promise.resolve(listed),
      });
      const later = { ...edges, clock: { now: () => now * 1_000 } };

      await expect(createBatch(later, CONTEXT)).rejects.toBe(reason);
      now += 15;
      await expect(createBatch(later, CONTEXT)).rejects.toMatchObject({
        name: reason.name === 'ProviderBusy' ? 'ProviderBusy' : 'ProviderUnavailable',
      });
      expect(creates).toBe(1);
      now += 10;
      listed = OURS;
      expect(await createBatch(later, CONTEXT)).toMatchObject({ batchId: 'batch_1', createdAt: NOW });
      expect(creates).toBe(1);
    },
  );

  test('that is temporary is repeated after a minute', async () => {
    let now = NOW;
    const answers = [Promise.reject(new ProviderThrottled('429')), Promise.resolve(OURS)];
    answers[0]?.catch(() => undefined);
    const edges = await openEdges({
      createBatch: () => answers.shift() ?? Promise.reject(new Error('A third create.')),
      findBatch: () => Promise.resolve(undefined),
    });
    const later = { ...edges, clock: { now: () => now * 1_000 } };

    await expect(createBatch(later, CONTEXT)).rejects.toMatchObject({ name: 'ProviderThrottled' });
    now += 30;
    await expect(createBatch(later, CONTEXT)).rejects.toThrow('not known yet');
    now += 30;
    expect(await createBatch(later, CONTEXT)).toMatchObject({ batchId: 'batch_1', createdAt: NOW + 60 });
  });
});

test.each([
  ['a day ahead', 86_400],
  ['a day back', -86_400],
])('a clock that jumps %s does not end the search for the batch of a lost create', async (_how, jump) => {
  let now = NOW;
  let creates = 0;
  let listed: Batch | undefined;
  const edges = await openEdges({
    createBatch: () => {
      creates += 1;
      return Promise.reject(new ProviderUnavailable('create batch: no answer'));
    },
    findBatch: () => Promise.resolve(listed),
  });
  const later = { ...edges, clock: { now: () => now * 1_000 } };

  await expect(createBatch(later, CONTEXT)).rejects.toThrow('no answer');
  now += jump;
  await expect(createBatch(later, CONTEXT)).rejects.toThrow('not known yet');
  now += 30;
  listed = OURS;
  expect(await createBatch(later, CONTEXT)).toMatchObject({ batchId: 'batch_1' });
  expect(creates).toBe(1);
});

test.each([new ProviderUnavailable('create batch: no answer'), new TypeError('nobody foresaw this')])(
  'a create counts as possibly successful if its result is unknown: $name',
  async (reason) => {
    const edges = await openEdges({ createBatch: () => Promise.reject(reason) });

    await expect(createBatch(edges, CONTEXT)).rejects.toBe(reason);
    expect(await announcement(edges)).toMatchObject({ at: NOW });
  },
);

describe('a create whose answer was lost', () => {
  test.each([
    new ProviderRejected('find batch of file file_1: 400'),
    new ProviderNotFound('find batch of file file_1: 404'),
  ])('is neither given up nor repeated if the list answers with $name', async (rejection) => {
    const edges = await openEdges({ findBatch: () => Promise.reject(rejection) });
    await writeJson(edges.store, roundKey(CONTEXT, 1, 'creating.json'), { at: NOW - 10_000 });

    await expect(createBatch(edges, CONTEXT)).rejects.toMatchObject({
      name: 'ProviderUnavailable',
      message: expect.stringContaining('job-1') as string,
    });
  });
});

test.each([
  ['missing', undefined],
  ['right', NOW - 60],
  ['zero', 0],
  ['in milliseconds', NOW * 1_000],
  ['hours ahead of our clock', NOW + 9 * 3_600],
  ['hours behind our clock', NOW - 9 * 3_600],
])('the age of a batch whose created_at is %s counts from our announcement', async (_how, shown) => {
  const edges = await openEdges({
    createBatch: () => Promise.resolve({ id: 'batch_1', createdAt: shown } as Batch),
  });

  expect(await createBatch(edges, CONTEXT)).toMatchObject({
    createdAt: NOW,
    age: 0,
    deadline: NOW + 86_400 + 3_600,
  });
});
