import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { builtInDialect } from '../../src/provider/dialects/dialects.ts';
import type { BatchContext } from '../../src/contract.ts';
import type { ProviderEdges } from '../../src/edges.ts';
import type { LogFields } from '../../src/log.ts';
import { ProviderNotFound, ProviderUnavailable } from '../../src/errors.ts';
import { MAX_NOT_FOUND_POLLS } from '../../src/polling.ts';
import type { Batch, BatchProvider } from '../../src/provider/batch-provider.ts';
import { cancelBatch } from '../../src/steps/cancel-batch.ts';
import { pollBatch } from '../../src/steps/poll-batch.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';

const NOW = 1_790_000_000;

async function openEdges(provider: Partial<BatchProvider>, now = NOW): Promise<ProviderEdges> {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-steps-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return {
    store: createFolderStore(folder),
    provider: () => provider as BatchProvider,
    clock: { now: () => now * 1_000 },
    random: () => 0.5,
    wait: () => Promise.resolve(),
    log: () => undefined,
  };
}

function context(more: Partial<BatchContext> = {}): BatchContext {
  return {
    jobId: 'job-1',
    shard: 0,
    provider: { name: 'p', baseUrl: 'http://127.0.0.1:9/v1', dialect: builtInDialect('melious') },
    polling: { minSeconds: 15, maxSeconds: 900, fraction: 0.1, graceSeconds: 3_600 },
    round: 1,
    lastRound: 4,
    fileId: 'file_1',
    batchId: 'batch_1',
    createdAt: NOW - 1_000,
    deadline: NOW + 89_000,
    waitSeconds: 15,
    nextPollAt: NOW,
    polls: 3,
    notFound: 0,
    ...more,
  };
}

function batch(more: Partial<Batch> = {}): Batch {
  return {
    id: 'batch_1',
    status: 'in_progress',
    phase: 'running',
    ending: undefined,
    inputFileId: 'file_1',
    outputFileId: undefined,
    errorFileId: undefined,
    counts: { total: 10, succeeded: 4, failed: 1 },
    errors: [],
    metadata: {},
    createdAt: undefined,
    expiresAt: undefined,
    ...more,
  };
}

const answering = (found: Batch): Partial<BatchProvider> => ({ getBatch: () => Promise.resolve(found) });
const failing = (reason: Error): Partial<BatchProvider> => ({
  getBatch: () => Promise.reject(reason),
  cancelBatch: () => Promise.reject(reason),
});

describe('a poll', () => {
  test('of a running batch says how far it is and when to look again', async () => {
    const polled = await pollBatch(await openEdges(answering(batch())), context());

    expect(polled).toMatchObject({
      phase: 'running',
      status: 'in_progress',
      succeeded: 4,
      total: 10,
      polls: 4,
    });
    expect(polled.waitSeconds).toBe(100);
  });

  test('of a batch in a status nobody knows goes on, without the counters of the poll before', async () => {
    const found = batch({ status: 'scheduling', counts: undefined });

    const polled = await pollBatch(await openEdges(answering(found)), {
      ...context(),
      succeeded: 4,
      total: 10,
    } as BatchContext);

    expect(polled).toMatchObject({ phase: 'running', status: 'scheduling' });
    expect(polled).not.toHaveProperty('succeeded');
  });

  test('of a batch that ended says so', async () => {
    const found = batch({ status: 'expired', phase: 'ended', ending: 'expired' });

    expect(await pollBatch(await openEdges(answering(found)), context())).toMatchObject({ phase: 'ended' });
  });

  test('past the deadline asks for a cancel, once, and then gives the batch an hour to end', async () => {
    const late = context({ deadline: NOW });
    const edges = await openEdges(answering(batch()));

    expect(await pollBatch(edges, late)).toMatchObject({ phase: 'overdue' });
    expect(await pollBatch(edges, { ...late, cancelledAt: NOW - 60 })).toMatchObject({ phase: 'running' });
    expect(await pollBatch(edges, { ...late, cancelledAt: NOW - 3_600 })).toMatchObject({ phase: 'ended' });
  });

  test('that does not find the batch looks again, and gives up after a while', async () => {
    const edges = await openEdges(failing(new ProviderNotFound('get batch: 404')));

    expect(await pollBatch(edges, context())).toMatchObject({
      phase: 'running',
      status: 'not found',
      notFound: 1,
    });
    expect(await pollBatch(edges, context({ notFound: MAX_NOT_FOUND_POLLS - 1 }))).toMatchObject({
      phase: 'ended',
    });
  });

  test('that finds the batch again forgets the misses', async () => {
    const polled = await pollBatch(await openEdges(answering(batch())), context({ notFound: 5 }));

    expect(polled).toMatchObject({ phase: 'running', notFound: 0 });
  });

  test('that gets no answer fails, so that the machine repeats it', async () => {
    const edges = await openEdges(failing(new ProviderUnavailable('get batch: no answer')));

    await expect(pollBatch(edges, context())).rejects.toMatchObject({ name: 'ProviderUnavailable' });
  });
});

describe('a cancel', () => {
  test('says when it was asked for', async () => {
    const edges = await openEdges({ cancelBatch: () => Promise.resolve() });

    expect(await cancelBatch(edges, context())).toMatchObject({ cancelledAt: NOW, waitSeconds: 15 });
  });

  test('of a batch that is gone leaves it to the polls', async () => {
    const edges = await openEdges(failing(new ProviderNotFound('cancel batch: 404')));

    expect(await cancelBatch(edges, context())).toMatchObject({ cancelledAt: NOW });
  });
});

describe('how late a poll is', () => {
  async function fieldsOf(planned: number): Promise<LogFields | undefined> {
    const logged: LogFields[] = [];
    const edges = await openEdges({ getBatch: () => Promise.resolve(batch()) });
    await pollBatch({ ...edges, log: (_, fields) => logged.push(fields) }, context({ nextPollAt: planned }));
    return logged[0];
  }

  test.each([
    ['on time', NOW, 0],
    ['seven minutes late', NOW - 420, 420],
    ['early by a clock that differs', NOW + 5, 0],
  ])('is logged with the age of the batch: %s', async (_, planned, lagSeconds) => {
    expect(await fieldsOf(planned)).toMatchObject({ lagSeconds, ageSeconds: 1_000 });
  });

  test('is counted from the wait that it gives itself', async () => {
    const edges = await openEdges({ getBatch: () => Promise.resolve(batch()) });
    const { nextPollAt, waitSeconds } = await pollBatch(edges, context());
    expect(nextPollAt).toBe(NOW + waitSeconds);
  });
});
