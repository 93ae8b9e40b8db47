import type { BatchContext, PolledContext } from '../contract.ts';
import type { ProviderEdges } from '../edges.ts';
import { ProviderNotFound } from '../errors.ts';
import type { Progress } from '../job.ts';
import type { LogFields } from '../log.ts';
import { isOverdue, MAX_NOT_FOUND_POLLS, notFoundWaitSeconds, pollWaitSeconds } from '../polling.ts';
import type { Batch } from '../provider/batch-provider.ts';
import { isCancelled, readStop } from '../checkpoints/stop.ts';
import { tellProgress } from './tell-progress.ts';

/** How long a cancelled batch may take to end before it is harvested as it is; providers say up to 10 minutes. */
const CANCEL_GRACE_SECONDS = 3_600;

/**
 * Asks once how the batch is and says what the machine does next: `phase`, and the wait until the next poll. A poll that
 * fails says nothing about the batch: the machine's Retry repeats it.
 */
export async function pollBatch(edges: ProviderEdges, context: BatchContext): Promise<PolledContext> {
  const now = Math.floor(edges.clock.now() / 1_000);
  const batch = await getBatch(edges, context);
  const decided =
    batch === undefined
      ? missed(context)
      : await heedCancel(edges, seen({ ...context, notFound: 0 }, batch, now, edges.random()));
  const polled = { ...decided, nextPollAt: now + decided.waitSeconds };
  await tellProgress(edges, polled, progressOf(polled, now));
  edges.log('batch_polled', pollFields(polled, context.nextPollAt, now));
  return polled;
}

/** How late this poll came is told in seconds; retries are in it. */
function pollFields(polled: PolledContext, plannedAt: number, now: number): LogFields {
  const { jobId, shard, round, batchId, status, phase, waitSeconds, polls, createdAt } = polled;
  return {
    jobId,
    shard,
    round,
    batchId,
    status,
    phase,
    waitSeconds,
    polls,
    ageSeconds: Math.max(0, now - createdAt),
    lagSeconds: Math.max(0, now - plannedAt),
  };
}

/** A batch of a cancelled job has had its time. */
async function heedCancel({ store }: ProviderEdges, polled: PolledContext): Promise<PolledContext> {
  if (polled.phase !== 'running' || polled.cancelledAt !== undefined) return polled;
  return isCancelled(await readStop(store, polled.jobId)) ? { ...polled, phase: 'overdue' } : polled;
}

function progressOf(polled: PolledContext, now: number): Progress {
  const { round, batchId, status, succeeded, total, waitSeconds } = polled;
  const at = (seconds: number): string => new Date(seconds * 1_000).toISOString();
  return {
    round,
    batchId,
    status,
    succeeded,
    total,
    polledAt: at(now),
    nextPollAt: at(now + waitSeconds),
  };
}

async function getBatch(edges: ProviderEdges, context: BatchContext): Promise<Batch | undefined> {
  try {
    return await edges.provider(context.provider).getBatch(context.batchId);
  } catch (error) {
    if (error instanceof ProviderNotFound) return undefined;
    throw error;
  }
}

function seen(context: BatchContext, batch: Batch, now: number, random: number): PolledContext {
  const { succeeded: _succeeded, total: _total, ...rest } = context as PolledContext;
  const polls = context.polls + 1;
  const state = {
    now,
    createdAt: context.createdAt,
    deadline: context.deadline,
    polls,
    counts: batch.counts,
  };
  return {
    ...rest,
    polls,
    status: batch.status,
    phase: batch.phase === 'ended' ? 'ended' : stillRunning(context, isOverdue(state), now),
    waitSeconds: pollWaitSeconds(state, context.polling, random),
    ...(batch.counts === undefined ? {} : { succeeded: batch.counts.succeeded, total: batch.counts.total }),
  };
}

/** A batch past its deadline is cancelled once, then given time to end; after that it is harvested as it is. */
function stillRunning({ cancelledAt }: BatchContext, overdue: boolean, now: number): PolledContext['phase'] {
  if (cancelledAt !== undefined) return now >= cancelledAt + CANCEL_GRACE_SECONDS ? 'ended' : 'running';
  return overdue ? 'overdue' : 'running';
}

/** One miss may be a replica that lags; many in a row mean the batch is gone, and its rows go to the next round. */
function missed(context: BatchContext): PolledContext {
  const notFound = context.notFound + 1;
  return {
    ...context,
    polls: context.polls + 1,
    notFound,
    status: 'not found',
    phase: notFound >= MAX_NOT_FOUND_POLLS ? 'ended' : 'running',
    waitSeconds: notFoundWaitSeconds(notFound, context.polling),
  };
}
