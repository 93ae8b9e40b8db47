import { describe, expect, test } from 'vitest';
import { hasLetGo } from '../../src/batches/let-go.ts';
import { jobKey, roundKey, shardKey } from '../../src/checkpoints/keys.ts';
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
  await writeJson(store, jobKey('dead'), { jobId: 'dead', profile: { rounds: 4, provider: PROVIDER } });
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

describe('the slot of a shard whose execution has ended', () => {
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
  ])('is free %s if the shard never had a batch', async (_when, at, isFree) => {
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

test('the slot of a deleted job is free', async () => {
  const edges = await openEdges();
  await edges.store.delete(jobKey('dead'));

  expect(await hasLetGo(edges, PROVIDER, HELD)).toBe(true);
});

test('the room of a collected round is free, independent of the later state of its shard', async () => {
  const edges = await openEdges(found('running'));
  await writeJson(edges.store, roundKey(HELD, 1, 'collected.json'), {
    round: 1,
    next: 'retry',
    lastRound: 4,
  });
  await writeJson(edges.store, roundKey(HELD, 2, 'batch.json'), BATCH);

  expect(await hasLetGo(edges, PROVIDER, { ...HELD, round: 1 })).toBe(true);
  expect(await hasLetGo(edges, PROVIDER, { ...HELD, round: 2 })).toBe(false);
});

test('the slot of a shard that moved up to another provider is free', async () => {
  const edges = await openEdges(found('running'));
  const profile = { provider: { name: 'p' }, rounds: 1, then: [{ provider: { name: 'second' }, rounds: 1 }] };
  await writeJson(edges.store, jobKey('dead'), { jobId: 'dead', profile });
  const up = { round: 1, next: 'retry', lastRound: 2, up: { nth: 1, from: 2 } };
  await writeJson(edges.store, roundKey(HELD, 1, 'collected.json'), up);
  await writeJson(edges.store, roundKey(HELD, 2, 'batch.json'), BATCH);

  expect(await hasLetGo(edges, PROVIDER, HELD)).toBe(true);
  expect(await hasLetGo(edges, { ...PROVIDER, name: 'second' }, HELD)).toBe(false);
});

test('the provider is not asked about a batch whose polls are on time', async () => {
  const edges = await openEdges();
  await writeJson(edges.store, roundKey(HELD, 1, 'batch.json'), BATCH);
  const nextPollAt = new Date((NOW - 60) * 1_000).toISOString();
  await writeJson(edges.store, shardKey(HELD, 'progress.json'), { round: 1, status: 'running', nextPollAt });

  expect(await hasLetGo(edges, PROVIDER, HELD)).toBe(false);
});

describe('after the host of a holder has ended', () => {
  const LEFT = { ...HELD, round: 1, at: NOW, left: true as const };

  test('room without a batch is free immediately, unless its create was announced', async () => {
    const edges = await openEdges();
    expect(await hasLetGo(edges, PROVIDER, LEFT)).toBe(true);

    await writeJson(edges.store, roundKey(LEFT, 1, 'creating.json'), { at: NOW - 60 });
    expect(await hasLetGo(edges, PROVIDER, LEFT)).toBe(false);
    await writeJson(edges.store, roundKey(LEFT, 1, 'creating.json'), { at: NOW - 3_601 });
    expect(await hasLetGo(edges, PROVIDER, { ...LEFT, at: NOW - 3_601 })).toBe(true);
  });

  test('the provider is asked about its batch, although its next poll is not late yet', async () => {
    const edges = await openEdges(found('ended'));
    await writeJson(edges.store, roundKey(LEFT, 1, 'batch.json'), BATCH);
    const nextPollAt = new Date((NOW + 600) * 1_000).toISOString();
    const progress = { round: 1, status: 'running', nextPollAt };
    await writeJson(edges.store, shardKey(LEFT, 'progress.json'), progress);

    expect(await hasLetGo(edges, PROVIDER, { ...HELD, round: 1, at: NOW })).toBe(false);
    expect(await hasLetGo(edges, PROVIDER, LEFT)).toBe(true);
  });
});
