import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { UploadedContext } from '../../src/contract.ts';
import type { ProviderEdges } from '../../src/edges.ts';
import {
  ProviderBusy,
  ProviderDenied,
  ProviderNotFound,
  ProviderRejected,
  ProviderUnavailable,
} from '../../src/errors.ts';
import { jobKey, roundKey } from '../../src/checkpoints/keys.ts';
import type { Batch, BatchProvider } from '../../src/provider/batch-provider.ts';
import { builtInDialect } from '../../src/provider/dialects/dialects.ts';
import { createBatch } from '../../src/steps/create-batch.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { readJson, writeJson } from '../../src/store/json.ts';

const NOW = 1_790_000_000;

const CONTEXT: UploadedContext = {
  jobId: 'job-1',
  shard: 0,
  provider: { name: 'p', baseUrl: 'http://127.0.0.1:9/v1', dialect: builtInDialect('melious') },
  polling: { minSeconds: 15, maxSeconds: 900, fraction: 0.1, graceSeconds: 3_600 },
  round: 1,
  lastRound: 4,
  fileId: 'file_1',
};

async function openEdges(provider: Partial<BatchProvider>): Promise<ProviderEdges> {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-create-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const store = createFolderStore(folder);
  const profile = { endpoint: '/v1/chat/completions', completionWindow: '24h' };
  await writeJson(store, jobKey('job-1'), { jobId: 'job-1', profile });
  return {
    store,
    provider: () => provider as BatchProvider,
    clock: { now: () => NOW * 1_000 },
    random: () => 0.5,
    wait: () => Promise.resolve(),
    log: () => undefined,
  };
}

/** Whether a create that ended so may have made a batch, as the announcement tells whoever comes next. */
async function announcedAfter(reason: Error): Promise<number | undefined> {
  const edges = await openEdges({ createBatch: () => Promise.reject(reason) });
  await expect(createBatch(edges, CONTEXT)).rejects.toBe(reason);
  const announcement = await readJson<{ at: number }>(edges.store, roundKey(CONTEXT, 1, 'creating.json'));
  return announcement?.at;
}

describe('a create that failed', () => {
  test.each([
    new ProviderRejected('create batch: 400'),
    new ProviderDenied('create batch: 402'),
    new ProviderBusy('create batch: 429'),
  ])('made no batch when the provider refused it: $name', async (error) => {
    expect(await announcedAfter(error)).toBe(0);
  });

  test.each([new ProviderUnavailable('create batch: no answer'), new TypeError('nobody foresaw this')])(
    'may have made one when nobody can tell: $name',
    async (error) => {
      expect(await announcedAfter(error)).toBe(NOW);
    },
  );
});

describe('a create whose answer was lost', () => {
  test.each([
    new ProviderRejected('find batch of file file_1: 400'),
    new ProviderNotFound('find batch of file file_1: 404'),
  ])('is not given up, nor made again, when the list answers with $name', async (refusal) => {
    const edges = await openEdges({ findBatch: () => Promise.reject(refusal) });
    await writeJson(edges.store, roundKey(CONTEXT, 1, 'creating.json'), { at: NOW - 10_000 });

    await expect(createBatch(edges, CONTEXT)).rejects.toMatchObject({
      name: 'ProviderUnavailable',
      message: expect.stringContaining('job-1') as string,
    });
  });
});

test.each([
  ['not told', undefined, NOW],
  ['told', NOW - 60, NOW - 60],
  ['zero', 0, NOW],
  ['in milliseconds', NOW * 1_000, NOW],
  ['ahead of our clock', NOW + 90, NOW],
])('the deadline of a batch whose time is %s is a window and a grace away', async (_how, told, counted) => {
  const edges = await openEdges({
    createBatch: () => Promise.resolve({ id: 'batch_1', createdAt: told } as Batch),
  });

  expect(await createBatch(edges, CONTEXT)).toMatchObject({
    createdAt: counted,
    deadline: counted + 86_400 + 3_600,
  });
});
