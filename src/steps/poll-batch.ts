import { lookAtBatch } from '../batches/look-at-batch.ts';
import { cancelTwins, findTwins } from '../batches/twins.ts';
import { isCancelled, readStop } from '../checkpoints/stop.ts';
import type { BatchContext, PolledContext } from '../contract.ts';
import type { ProviderEdges } from '../edges.ts';
import { BatchOpen, isProviderError, withCode } from '../errors.ts';
import type { Progress } from '../checkpoints/shard/progress.ts';
import type { LogFields } from '../log.ts';
import {
  elapsedSeconds,
  isGivenUp,
  isGone,
  isOverdue,
  isUnclearForLong,
  notFoundWaitSeconds,
  pollWaitSeconds,
  type PollState,
} from '../batches/polling.ts';
import type { Batch } from '../provider/batch-provider.ts';
import { reportProgress } from './report-progress.ts';

/**
 * Polls the batch once and decides what the state machine does next: `phase`, and the wait until the next poll. A failed poll
 * shows nothing about the batch, so the state machine's Retry repeats it.
 * @throws BatchOpen when the batch can neither be collected nor given up: the shard stops, and a resume polls it again
 */
export async function pollBatch(edges: ProviderEdges, context: BatchContext): Promise<PolledContext> {
  const now = Math.floor(edges.clock.now() / 1_000);
  const look = await lookAtBatch(edges, context);
  const aged = growOlder(context, now);
  const seen =
    look.batch === undefined ? missed(aged, look.isAbsent) : found(aged, look.batch, edges.random());
  const decided = await heedCancel(edges, seen, look.batch);
  await tendTwins(edges, decided, look.batch);
  const polled = { ...decided, nextPollAt: now + decided.waitSeconds };
  await reportProgress(edges, polled, progressOf(polled, now, look.batch));
  edges.log('batch_polled', pollFields(polled, context.nextPollAt, now));
  rejectToWaitForEver(polled);
  return polled;
}

/**
 * Computes the batch's age from our own times and waits. A jump of the clock does not change it by more than the delay of a poll.
 */
function growOlder(context: BatchContext, now: number): AgedContext {
  const { lookedAt, createdAt, waitSeconds } = context;
  const passed = lookedAt === undefined ? 0 : elapsedSeconds(now - lookedAt, waitSeconds);
  const { age = Math.max(0, now - createdAt), cancelInSeconds } = context;
  return {
    ...context,
    passed,
    age: age + passed,
    lookedAt: now,
    polls: context.polls + 1,
    ...(cancelInSeconds !== undefined && { cancelInSeconds: Math.max(0, cancelInSeconds - passed) }),
  };
}

/** Seconds since the previous poll, and since the create. */
type AgedContext = BatchContext & { readonly passed: number; readonly age: number };

function stateOf({ createdAt, deadline, age, polls }: AgedContext, batch: Batch | undefined): PollState {
  return { now: createdAt + age, createdAt, deadline, polls, counts: batch?.counts };
}

function found({ passed, ...aged }: AgedContext, batch: Batch, random: number): PolledContext {
  const {
    succeeded: _succeeded,
    total: _total,
    absentSeconds: _a,
    missedSeconds: _m,
    ...rest
  } = aged as PolledContext;
  const state = stateOf({ passed, ...aged }, batch);
  return {
    ...rest,
    batchId: batch.id,
    notFound: 0,
    status: batch.status,
    phase: batch.phase,
    waitSeconds: pollWaitSeconds(state, aged.polling, random),
    ...(batch.counts === undefined ? {} : { succeeded: batch.counts.succeeded, total: batch.counts.total }),
  };
}

/**
 * The context after a poll that did not find the batch.
 * @param isAbsent true if the complete list also lacks the batch; false if the list could not be read
 */
function missed({ passed, ...aged }: AgedContext, isAbsent: boolean): PolledContext {
  const notFound = aged.notFound + 1;
  const longer = (before: number | undefined): number => (before === undefined ? 0 : before + passed);
  const missedSeconds = longer(aged.missedSeconds);
  const { absentSeconds: before, ...rest } = aged;
  const absentSeconds = isAbsent ? longer(before) : undefined;
  const gone = isGone(absentSeconds);
  return {
    ...rest,
    notFound,
    missedSeconds,
    ...(absentSeconds !== undefined && { absentSeconds }),
    ...(gone && { gone }),
    status: 'not found',
    phase: gone ? 'ended' : 'running',
    waitSeconds: notFoundWaitSeconds(notFound, aged.polling),
  };
}

/** Cancels a batch past its deadline or of a cancelled job, and repeats the cancel while it is still running. */
async function heedCancel(
  { store }: ProviderEdges,
  polled: PolledContext,
  batch: Batch | undefined,
): Promise<PolledContext> {
  if (polled.phase !== 'running' || (polled.cancelInSeconds ?? 0) > 0) return polled;
  const state = stateOf({ passed: 0, age: 0, ...polled }, batch);
  const isDue =
    polled.cancelledAt !== undefined || isOverdue(state) || isCancelled(await readStop(store, polled.jobId));
  return isDue ? { ...polled, phase: 'overdue' } : polled;
}

/** The whole list is read to find twins at each of the first polls, then at every fourth. */
const TWIN_POLLS = 4;

/**
 * Finds twins and cancels them. If the batch ended without success, the answers of its twin may be needed, so *Collect results*
 * decides.
 */
async function tendTwins(
  edges: ProviderEdges,
  polled: PolledContext,
  batch: Batch | undefined,
): Promise<void> {
  const isDue = polled.doubt === true && (polled.polls <= TWIN_POLLS || polled.polls % TWIN_POLLS === 0);
  if (!isDue || batch === undefined || (batch.phase === 'ended' && batch.ending !== 'succeeded')) return;
  try {
    await cancelTwins(edges, polled, await findTwins(edges, polled));
  } catch (error) {
    // The next poll, or the collect, tries again.
    if (!isProviderError(error)) throw error;
  }
}

/**
 * Ends a wait for a batch that would never end.
 * @throws BatchOpen for a batch that should have ended long ago, and for one that can be neither found nor ruled out
 */
function rejectToWaitForEver(polled: PolledContext): void {
  const { jobId, shard, round, batchId, fileId, status, cancelledAge, missedSeconds = 0 } = polled;
  if (polled.phase === 'ended') return;
  const named = `Batch ${batchId} (file ${fileId}, shard ${shard}, round ${round} of job ${jobId})`;
  if (isUnclearForLong(missedSeconds))
    throw openBatch(
      `${named} is not found, and the provider's list of batches cannot be read, so it may still be running. It may still cost money; a resume looks for it again.`,
    );
  if (cancelledAge === undefined) return;
  const state = stateOf({ passed: 0, age: 0, ...polled }, undefined);
  if (isGivenUp(state, polled.createdAt + cancelledAge))
    throw openBatch(
      `${named} was cancelled and is still "${status}". It may still cost money: cancel it at the provider; a resume collects it once it has ended.`,
    );
}

const openBatch = (message: string): BatchOpen => new BatchOpen(withCode(message, 'BATCH_OPEN'));

/** Fields of the log line. The delay of the poll is in seconds and includes retries. */
function pollFields(polled: PolledContext, plannedAt: number, now: number): LogFields {
  const { jobId, shard, round, batchId, status, phase, waitSeconds, polls, age } = polled;
  return {
    jobId,
    shard,
    round,
    batchId,
    status,
    phase,
    waitSeconds,
    polls,
    ageSeconds: age ?? 0,
    lagSeconds: Math.max(0, now - plannedAt),
  };
}

function progressOf(polled: PolledContext, now: number, batch: Batch | undefined): Progress {
  const { round, batchId, status, succeeded, total, waitSeconds } = polled;
  const at = (seconds: number): string => new Date(seconds * 1_000).toISOString();
  return {
    round,
    batchId,
    status,
    ...(batch?.isUnknown === true && { isUnknown: true }),
    succeeded,
    total,
    polledAt: at(now),
    nextPollAt: at(now + waitSeconds),
  };
}
