import { describe, expect, test } from 'vitest';
import { hasLetGo } from '../../src/batches/let-go.ts';
import { jobKey, roundKey, shardKey } from '../../src/checkpoints/keys.ts';
import { takeSlot } from '../../src/checkpoints/slots.ts';
import type { ProviderEdges } from '../../src/edges.ts';
import { ProviderNotFound, ProviderUnavailable } from '../../src/errors.ts';
import type { Batch, BatchProvider } from '../../src/provider/batch-provider.ts';
import { builtInDialect } from '../../src/provider/dialects/dialects.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { writeJson } from '../../src/store/json.ts';
import { openTempFolder } from '../support/temp-folder.ts';

const NOW = 1_790_000_000;
const HELD = { jobId: 'dead', shard: 3, at: NOW - 7_200 };
const PROVIDER = { name: 'p', baseUrl: 'http://127.0.0.1:9/v1', dialect: builtInDialect('openai') };
const BATCH = { batchId: 'batch-1', createdAt: NOW - 7_000, deadline: NOW, fileId: 'file-1' };

async function openEdges(provider: Partial<BatchProvider> = {}): Promise<ProviderEdges> {
  const folder = await openTempFolder();
  const store = createFolderStore(folder);
  await writeJson(store, jobKey('dead'), { jobId: 'dead', profile: { rounds: 4 } });
  return {
    store,
    provider: () => provider as BatchProvider,
    clock: { now: () => NOW * 1_000 },
    random: () => 0.5,
    wait: () => Promise.resolve(),
    log: () => undefined,
  };
}

const found = (phase: Batch['phase']): Partial<BatchProvider> => ({
  getBatch: () => Promise.resolve({ id: 'batch-1', phase } as Batch),
});
const notFound = (listed: () => Promise<Batch | undefined>): Partial<BatchProvider> => ({
  getBatch: () => Promise.reject(new ProviderNotFound('get batch: 404')),
  findBatch: listed,
});

describe('the slot of a shard whose execution is gone', () => {
  test.each<[string, Partial<BatchProvider>, boolean]>([
    ['has ended', found('ended'), true],
    ['runs', found('running'), false],
    ['is found nowhere', notFound(() => Promise.resolve(undefined)), true],
    ['is listed as running', notFound(() => Promise.resolve({ phase: 'running' } as Batch)), false],
    ['cannot be looked for', notFound(() => Promise.reject(new ProviderUnavailable('list: 503'))), false],
    ['cannot be seen', { getBatch: () => Promise.reject(new ProviderUnavailable('get: 503')) }, false],
  ])('is free once its batch is known to have ended: it %s', async (_how, provider, isFree) => {
    const edges = await openEdges(provider);
    await writeJson(edges.store, roundKey(HELD, 1, 'batch.json'), BATCH);

    expect(await hasLetGo(edges, PROVIDER, HELD)).toBe(isFree);
  });

  test.each([
    ['an hour after its last sign of life', NOW - 3_601, true],
    ['not before', NOW - 600, false],
  ])('that never had a batch is free %s', async (_when, at, isFree) => {
    const edges = await openEdges();
    await writeJson(edges.store, roundKey(HELD, 1, 'creating.json'), { at });

    expect(await hasLetGo(edges, PROVIDER, HELD)).toBe(isFree);
  });
});

test.each([
  ['done', shardKey(HELD, 'done.json')],
  ['stopped', shardKey(HELD, 'stopped.json')],
])('the slot of a shard that is %s is free', async (_how, key) => {
  const edges = await openEdges();
  await edges.store.put(key, '{}\n');

  expect(await hasLetGo(edges, PROVIDER, HELD)).toBe(true);
});

test.each<[Batch['phase'], boolean]>([
  ['running', false],
  ['ended', true],
])(
  'the slot of a shard that stopped and left its batch open is free when the batch is seen %s: %s',
  async (phase, isFree) => {
    const edges = await openEdges(found(phase));
    await writeJson(edges.store, roundKey(HELD, 1, 'batch.json'), BATCH);
    await writeJson(edges.store, shardKey(HELD, 'stopped.json'), { open: { batchId: 'batch-1' } });

    expect(await hasLetGo(edges, PROVIDER, HELD)).toBe(isFree);
  },
);

test('the slot of a job that was removed is free', async () => {
  const edges = await openEdges();
  await edges.store.delete(jobKey('dead'));

  expect(await hasLetGo(edges, PROVIDER, HELD)).toBe(true);
});

test('holders are asked about only when every slot is taken', async () => {
  const { store } = await openEdges();
  const asked: string[] = [];
  const take = (jobId: string, isFree: boolean): Promise<boolean> =>
    takeSlot(store, { provider: 'p', slot: { jobId, shard: 0, at: NOW }, slots: 2 }, (slot) => {
      asked.push(slot.jobId);
      return Promise.resolve(isFree);
    });

  expect([await take('a', false), await take('b', false), await take('a', false)]).toEqual([
    true,
    true,
    true,
  ]);
  expect(asked).toEqual([]);
  expect(await take('c', false)).toBe(false);
  expect(asked).toEqual(['a', 'b']);
  expect(await take('c', true)).toBe(true);
});
