import { describe, expect, test } from 'vitest';
import type { BatchContext, PolledContext } from '../../src/contract.ts';
import type { ProviderEdges } from '../../src/edges.ts';
import type { LogFields } from '../../src/log.ts';
import {
  ProviderDenied,
  ProviderNotFound,
  ProviderRejected,
  ProviderThrottled,
  ProviderUnavailable,
} from '../../src/errors.ts';
import type { Batch, BatchProvider } from '../../src/provider/batch-provider.ts';
import { cancelBatch } from '../../src/steps/cancel-batch.ts';
import { pollBatch } from '../../src/steps/poll-batch.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { NOW, stepEdges, uploadedTo } from '../support/step-edges.ts';
import { openTempFolder } from '../support/temp-folder.ts';

async function openEdges(provider: Partial<BatchProvider>, now = NOW): Promise<ProviderEdges> {
  return stepEdges(createFolderStore(await openTempFolder()), provider, now);
}

function context(more: Partial<BatchContext> = {}): BatchContext {
  return {
    ...uploadedTo('melious'),
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
const failing = (reason: Error, listed: Promise<Batch | undefined> = Promise.resolve(undefined)) => ({
  getBatch: () => Promise.reject(reason),
  findBatch: () => listed,
  cancelBatch: () => Promise.reject(reason),
});

/** Polls after each wait until a poll returns something other than a wait. */
async function pollOn(provider: Partial<BatchProvider>, first: BatchContext): Promise<PolledContext> {
  let polled: BatchContext = first;
  for (let now = NOW, polls = 0; polls < 1_000; polls += 1) {
    const edges = await openEdges(provider, now);
    const next = await pollBatch(edges, polled);
    if (next.phase === 'ended') return next;
    polled = next.phase === 'overdue' ? await cancelBatch(edges, next) : next;
    now += polled.waitSeconds;
  }
  throw new Error('It polls for ever.');
}

describe('a poll', () => {
  test('of a running batch returns its progress and the time of the next poll', async () => {
    const polled = await pollBatch(await openEdges(answering(batch())), context());

    expect(polled).toMatchObject({
      phase: 'running',
      status: 'in_progress',
      succeeded: 4,
      total: 10,
      polls: 4,
    });
    expect(polled.waitSeconds).toBe(300);
  });

  test('of a batch in an unknown status continues, without the counters of the poll before', async () => {
    const found = batch({ status: 'scheduling', counts: undefined });

    const polled = await pollBatch(await openEdges(answering(found)), {
      ...context(),
      succeeded: 4,
      total: 10,
    } as BatchContext);

    expect(polled).toMatchObject({ phase: 'running', status: 'scheduling' });
    expect(polled).not.toHaveProperty('succeeded');
  });

  test('of a batch that ended returns that', async () => {
    const found = batch({ status: 'expired', phase: 'ended', ending: 'expired' });

    expect(await pollBatch(await openEdges(answering(found)), context())).toMatchObject({ phase: 'ended' });
  });

  test('past the deadline requests a cancel, and again while the batch still runs', async () => {
    const late = context({ deadline: NOW });
    const edges = await openEdges(answering(batch()));

    expect(await pollBatch(edges, late)).toMatchObject({ phase: 'overdue' });
    const cancelled = { ...late, cancelledAt: NOW - 60, cancelledAge: 940 };
    expect(await pollBatch(edges, { ...cancelled, cancelInSeconds: 840 })).toMatchObject({
      phase: 'running',
    });
    expect(await pollBatch(edges, { ...cancelled, cancelInSeconds: 0 })).toMatchObject({ phase: 'overdue' });
  });

  test('of a batch that cannot be cancelled stops an hour after its deadline and names the open batch', async () => {
    const polls = pollOn(
      { ...answering(batch()), cancelBatch: () => Promise.resolve() },
      context({ deadline: NOW }),
    );

    await expect(polls).rejects.toMatchObject({
      name: 'BatchOpen',
      message: expect.stringMatching(/batch_1.*file_1.*shard 0, round 1 of job job-1/) as string,
    });
  });

  test('that does not find the batch looks for it in the list', async () => {
    const listed = batch({ status: 'in_progress' });
    const edges = await openEdges(failing(new ProviderNotFound('get batch: 404'), Promise.resolve(listed)));

    expect(await pollBatch(edges, context({ notFound: 4, missedSeconds: 600 }))).toMatchObject({
      phase: 'running',
      status: 'in_progress',
      notFound: 0,
    });
  });

  test('treats a batch as gone after half an hour without it by id and in the list', async () => {
    const gone = await pollOn(failing(new ProviderNotFound('get batch: 404')), context());

    expect(gone).toMatchObject({ phase: 'ended', gone: true, status: 'not found' });
    expect(gone.absentSeconds).toBeGreaterThanOrEqual(1_800);
    expect(gone.absentSeconds).toBeLessThan(3_600);
  });

  test('counts a missing batch by time and not by the number of polls', async () => {
    const polling = { minSeconds: 1, maxSeconds: 1, fraction: 0.1, graceSeconds: 3_600 };
    const gone = await pollOn(failing(new ProviderNotFound('get batch: 404')), context({ polling }));

    expect(gone.absentSeconds).toBeGreaterThanOrEqual(1_800);
  });

  test.each([
    new ProviderNotFound('find batch: 404'),
    new ProviderRejected('find batch: 405'),
    new ProviderUnavailable('find batch: the list announces more entries but does not return them.'),
    new ProviderThrottled('find batch: 429'),
  ])('never treats a missing batch as gone while the list cannot be read: $message', async (reason) => {
    const listed = Promise.reject(reason);
    listed.catch(() => undefined);

    await expect(
      pollOn(failing(new ProviderNotFound('get batch: 404'), listed), context()),
    ).rejects.toMatchObject({ name: 'BatchOpen', message: expect.stringContaining('batch_1') as string });
  });

  test.each([400, 405, 410])('that is rejected with %i uses the list', async (status) => {
    const listed = Promise.resolve(batch({ status: 'in_progress' }));
    const edges = await openEdges(failing(new ProviderRejected(`get batch: ${status}`), listed));

    expect(await pollBatch(edges, context())).toMatchObject({ phase: 'running', notFound: 0 });
  });

  test('that is rejected, like the list, fails with the error of the provider', async () => {
    const rejection = new ProviderRejected('get batch: 400');
    const listed = Promise.reject(new ProviderRejected('find batch: 405'));
    listed.catch(() => undefined);

    await expect(pollBatch(await openEdges(failing(rejection, listed)), context())).rejects.toBe(rejection);
  });

  test('that finds the batch again resets the count of misses', async () => {
    const missed = context({ notFound: 5, missedSeconds: 1_000, absentSeconds: 1_000 });
    const polled = await pollBatch(await openEdges(answering(batch())), missed);

    expect(polled).toMatchObject({ phase: 'running', notFound: 0 });
    expect(polled).not.toHaveProperty('missedSeconds');
    expect(polled).not.toHaveProperty('absentSeconds');
  });

  test('without a response fails, so that the machine repeats it', async () => {
    const edges = await openEdges(failing(new ProviderUnavailable('get batch: no answer')));

    await expect(pollBatch(edges, context())).rejects.toMatchObject({ name: 'ProviderUnavailable' });
  });
});

describe('a cancel', () => {
  test('records the time of the request', async () => {
    const edges = await openEdges({ cancelBatch: () => Promise.resolve() });

    expect(await cancelBatch(edges, context())).toMatchObject({ cancelledAt: NOW, waitSeconds: 15 });
  });

  test.each([
    new ProviderNotFound('cancel batch: 404'),
    new ProviderRejected('cancel batch: 409'),
    new ProviderDenied('cancel batch: 403'),
    new ProviderUnavailable('cancel batch: no answer'),
  ])('that is rejected is repeated after the next poll: $message', async (reason) => {
    const edges = await openEdges(failing(reason));

    const first = await cancelBatch(edges, context());
    const second = await cancelBatch(edges, first);

    expect(first).toMatchObject({ cancelledAt: NOW, cancelFailures: 1, cancelInSeconds: 15 });
    expect(second).toMatchObject({ cancelledAt: NOW, cancelFailures: 2, cancelInSeconds: 30 });
  });

  test('that fails for hours is repeated until the provider accepts it', async () => {
    let failures = 40;
    let cancelled = false;
    const provider: Partial<BatchProvider> = {
      getBatch: () =>
        Promise.resolve(
          cancelled ? batch({ status: 'cancelled', phase: 'ended', ending: 'cancelled' }) : batch(),
        ),
      cancelBatch: () => {
        if ((failures -= 1) > 0) return Promise.reject(new ProviderUnavailable('cancel batch: 500'));
        cancelled = true;
        return Promise.resolve();
      },
    };

    const ended = await pollOn(provider, context({ cancelledAt: NOW, cancelledAge: 1_000 }));

    expect(ended).toMatchObject({ phase: 'ended', status: 'cancelled' });
    expect(failures).toBe(0);
  });
});

describe('a clock that jumps', () => {
  test.each([
    ['on by a year', 365 * 86_400],
    ['back by a year', -365 * 86_400],
  ])('does not end a batch too early or delay its polls: %s', async (_how, jump) => {
    const running = { ...answering(batch({ counts: undefined })), cancelBatch: () => Promise.resolve() };
    const before = await pollBatch(await openEdges(running), context({ age: 1_000, lookedAt: NOW - 15 }));

    const after = await pollBatch(await openEdges(running, NOW + 100 + jump), before);

    expect(after.phase).toBe('running');
    expect(after.waitSeconds).toBeLessThanOrEqual(900);
    expect(after.age).toBeLessThan(1_000 + 5 * 3_600);
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

  test('is measured against the wait that was planned', async () => {
    const edges = await openEdges({ getBatch: () => Promise.resolve(batch()) });
    const { nextPollAt, waitSeconds } = await pollBatch(edges, context());
    expect(nextPollAt).toBe(NOW + waitSeconds);
  });
});
