import { forgetUpload } from '../collect/round/clean-provider.ts';
import { GoesOnLater } from '../collect/round/files/downloads.ts';
import { collectShard } from '../collect/shard/collect-shard.ts';
import type { LookAgain } from '../collect/round/evidence/late-output.ts';
import { stopShard } from '../collect/shard/stop-shard.ts';
import { settleRound } from '../spending/settle-round.ts';
import type { RoundRef, ShardRef } from '../checkpoints/keys.ts';
import type {
  Caught,
  CollectContext,
  CollectingContext,
  CollectedContext,
  DirectContext,
  LookContext,
  PolledContext,
  ShardContext,
} from '../contract.ts';
import { joinAnswers } from '../direct/answers.ts';
import type { ProviderEdges } from '../edges.ts';
import { failureFromCatch, type Failure } from '../errors.ts';
import { collectedObject, readCollected, type Collected } from '../checkpoints/round/collected.ts';
import { jobObject, type Job } from '../checkpoints/job.ts';
import type { PlannedShard } from '../checkpoints/plan.ts';
import { stoppedObject } from '../checkpoints/shard/shard-end.ts';
import { findLeftOpen } from '../checkpoints/shard/open-batch.ts';
import { freeOldSlot } from '../checkpoints/old-slots.ts';
import { leaveRoom, recordRejection } from '../batches/take-room.ts';
import { takesOver } from '../ladder/goes-up.ts';
import { contextAtStep, jobAtStep, stepAbove } from '../ladder/step-of-round.ts';
import { isNearlyFull, spentEvents, type RoundTurns } from './history.ts';
import { currentRound, type ShardRound } from '../checkpoints/shard/shard-rounds.ts';
import { readStop } from '../checkpoints/stop.ts';
import { twinsObject } from '../checkpoints/round/twins.ts';
import { noteTrouble } from '../checkpoints/shard/trouble.ts';
import { createReader } from './create-reader.ts';

/** Longest wait before a round, in seconds. */
const MAX_RETRY_WAIT_SECONDS = 3_600;

/**
 * Collects the result of a round: a batch that ended in any way, or a shard for which an earlier step has failed. Decides the
 * outcome of each row, and whether there is another round. A call that runs short of time returns, and the next call continues.
 */
export async function collectResults(
  edges: ProviderEdges,
  context: CollectContext,
): Promise<CollectedContext | LookContext | CollectingContext> {
  try {
    return await collectOnce(edges, context);
  } catch (error) {
    if (error instanceof GoesOnLater)
      return { ...context, next: 'collect', collects: (context.collects ?? 0) + 1 };
    // After its last retry the machine drops the error, so it is recorded here.
    await noteTrouble(edges.store, context, error);
    throw error;
  }
}

async function collectOnce(
  edges: ProviderEdges,
  given: CollectContext,
): Promise<CollectedContext | LookContext> {
  const { jobId, shard, planned } = given;
  const shardRound = await currentRound(edges.store, given);
  const whole = await jobObject.require(edges.store, jobId);
  const job = jobAtStep(whole, shardRound.step);
  const context = contextAtStep(await withDoubt(edges, given, shardRound), job, shardRound.step);
  const end = await collect(edges, job, context, shardRound);
  if (end.next === 'look') return lookLater(edges, context as PolledContext, end);
  const { next, round, lastRound } = end;
  const isOpen = await hasOpenBatch(edges, context, next);
  if (!isOpen) await giveRoomBack(edges, job, context, { end, round: shardRound.round });
  if (!('requests' in end)) await giveBack(edges, job, { ...given, round: shardRound.round }, isOpen);
  const spent = spentEvents(context.spentEvents, spentOn(context));
  const up = 'up' in end ? end.up : undefined;
  const step = up ?? shardRound.step;
  const isInDoubt = ('doubt' in end && end.doubt) || context.doubt === true;
  // The step above has its own batches.
  const doubt = isInDoubt && up === undefined ? { doubt: true as const } : {};
  const { provider, polling } = jobAtStep(whole, step).profile;
  const of = { ...(planned && { planned }), provider, polling, ...(step && { step }) };
  const base = { jobId, shard, ...of, lastRound, spentEvents: spent, ...doubt };
  if (next !== 'retry') return { ...base, next, round, waitSeconds: 0 };
  if (isNearlyFull(spent)) {
    await stopShard(edges, context, { nextRound: round + 1, failure: HISTORY_FULL });
    return { ...base, next: 'stop', round, waitSeconds: 0 };
  }
  // A stopped job starts no further round, so its end need not be awaited.
  const isStopped = (await readStop(edges.store, jobId)) !== undefined;
  // Files that fail during the search for a row, and parts of a file, are no sign of overload.
  const isFirst = end.halving !== undefined || up !== undefined || isPart(end);
  const nth = isFirst ? 1 : round + 1 - (step?.from ?? 1);
  const waitSeconds = isStopped ? 0 : retryWaitSeconds(job, nth, edges.random());
  return { ...base, next, round: round + 1, waitSeconds };
}

/** Marks a round without a batch as in doubt if an earlier create was lost, because that create may have made a batch. */
async function withDoubt<Context extends CollectContext>(
  { store }: ProviderEdges,
  context: Context,
  { round }: ShardRound,
): Promise<Context> {
  if (!hasError(context) || hasBatch(context)) return context;
  const isInDoubt = (await twinsObject.read(store, { ...context, round })) !== undefined;
  return isInDoubt ? { ...context, doubt: true as const } : context;
}

/** Returns the room of a round whose batch failed because too many tokens were enqueued, and records the limit. */
async function giveRoomBack(
  edges: ProviderEdges,
  { profile: { model, maxBatches } }: Job,
  { jobId, shard, provider: { name } }: CollectContext,
  { end, round }: { readonly end: RoundEnd; readonly round: number },
): Promise<void> {
  const rejected = 'tokensRefused' in end && end.up === undefined ? end.tokensRefused : undefined;
  const now = Math.floor(edges.clock.now() / 1_000);
  if (rejected !== undefined && end.next === 'retry') {
    const isTooLarge = await isRejectedAgain(edges, { jobId, shard });
    const { limit } = rejected;
    const rejection = { jobId, shard, round, model, limit, isTooLarge, now, next: round + 1 };
    await recordRejection(edges, name, rejection);
  } else {
    const hadBatch = 'batch' in end && end.batch.batchId !== undefined;
    await leaveRoom(edges, name, { jobId, shard, round, endedAt: hadBatch ? now : undefined });
  }
  if (maxBatches !== undefined) await freeOldSlot(edges.store, name, { jobId, shard });
}

/** After this number of consecutive rounds with too many enqueued tokens, the file itself counts as too large. */
const REFUSED_ROUNDS = 3;

async function isRejectedAgain({ store }: ProviderEdges, ref: ShardRef): Promise<boolean> {
  const last = (await readCollected(store, ref)).slice(-REFUSED_ROUNDS);
  return last.length === REFUSED_ROUNDS && last.every(({ tokensRefused }) => tokensRefused !== undefined);
}

/** True if a shard that stops may leave its batch open. The batch keeps its room until it is known to have ended. */
async function hasOpenBatch(
  { store }: ProviderEdges,
  context: ShardContext,
  next: Collected['next'],
): Promise<boolean> {
  if (next !== 'stop') return false;
  const stopped = await stoppedObject.read(store, context);
  return stopped?.open !== undefined;
}

/** Has the state machine wait, poll the batch again and collect again. Only rounds with a batch reach this. */
function lookLater(
  { clock }: ProviderEdges,
  context: PolledContext,
  { next, late, waitSeconds, follow }: LookAgain,
): LookContext {
  const nextPollAt = Math.floor(clock.now() / 1_000) + waitSeconds;
  const look = { next, waitSeconds, nextPollAt };
  if (follow === undefined) return { ...context, ...look, late };
  // The facts about the previous batch do not apply to its twin.
  const { gone: _gone, late: _late, absentSeconds: _absent, missedSeconds: _missed, ...rest } = context;
  return { ...rest, ...look, batchId: follow, notFound: 0 };
}

function spentOn(context: CollectContext): RoundTurns {
  return {
    polls: 'polls' in context ? context.polls : 0,
    looks: 'late' in context ? (context.late?.looks ?? 0) : 0,
    collects: context.collects ?? 0,
  };
}

const HISTORY_FULL: Failure = {
  name: 'ExecutionTooLong',
  code: 'EXECUTION_TOO_LONG',
  message:
    'The execution has no room for another round in its history; the next execution of the job continues.',
};

/** A collected round, or a shard that stopped before its round was collected. */
type RoundEnd = Collected | (ShardRound & { readonly next: 'stop'; readonly halving?: undefined });

/**
 * Releases the reservation of a round that is not collected. A batch that is left open keeps it, because it may still cost money.
 */
async function giveBack(
  edges: ProviderEdges,
  job: Job,
  { jobId, shard, round, planned }: RoundRef & PlannedShard,
  isOpen: boolean,
): Promise<void> {
  await settleRound(edges.store, job, { jobId, shard, round, planned, isOpen, price: job.profile.price });
}

async function collect(
  edges: ProviderEdges,
  job: Job,
  context: CollectContext,
  at: ShardRound,
): Promise<RoundEnd | LookAgain> {
  const collecting = { ...edges, createReader };
  const known = await collectedObject.read(edges.store, { ...context, round: at.round });
  if (known !== undefined) return known;
  if (!hasError(context)) return collectShard(collecting, job, { ...context, ...at });
  const failure = failureFromCatch(context.error);
  // Existing answers are paid for, so they are collected; the other rows go to another round.
  if (context.direct === true && (await joinAnswers(edges.store, context, at.round)))
    return collectShard(collecting, job, { ...context, ...at });
  if (
    takesOver(stepAbove(job.profile, at.step), failure.name) &&
    !(await mayHaveBatch(edges, context, failure))
  )
    return collectShard(collecting, job, { ...context, ...at, gaveUp: failure });
  if (isRefusal(failure) && !hasBatch(context))
    return collectShard(collecting, job, { ...context, ...at, rejection: failure });
  if (isGivenBack(failure)) return collectShard(collecting, job, { ...context, ...at, givenBack: failure });
  await forgetUpload(edges, job, context, at.round);
  await stopShard(edges, context, { nextRound: at.round, failure });
  return { ...at, next: 'stop' };
}

function hasError(
  context: CollectContext,
): context is Caught<ShardContext | DirectContext> & { readonly direct?: true } {
  return 'error' in context && context.error !== undefined;
}

/** A rejected poll does not fail the rows: the batch exists and is paid for, and a resume collects it. */
function hasBatch(context: object): boolean {
  return 'batchId' in context;
}

/** True for a batch that exists or may exist. Its rows may be paid for, so they wait for a resume. */
async function mayHaveBatch(
  { store }: ProviderEdges,
  context: ShardContext,
  failure: Failure,
): Promise<boolean> {
  return hasBatch(context) || (await findLeftOpen(store, context, failure)).open !== undefined;
}

/** True if the provider will never accept this file or batch, so its rows fail. For every other failure, a resume may succeed. */
function isRefusal({ name }: Failure): boolean {
  return name === 'ProviderRejected';
}

/**
 * True if another round may succeed, with a smaller file or after the file was lost. Polls alone never decide that a batch is
 * lost.
 */
function isGivenBack({ name }: Failure): boolean {
  return name === 'ProviderFileTooLarge' || name === 'ProviderNotFound';
}

/** True if only rows are left that were not in the round's file. */
function isPart(end: RoundEnd): boolean {
  return 'deferred' in end && end.deferred === end.requests - end.batch.requests;
}

/**
 * Seconds before the next round. They double with each round. 20 % are jitter, so that shards that failed together do not retry
 * together.
 */
function retryWaitSeconds({ profile }: Job, round: number, random: number): number {
  const wait = Math.min(profile.retryWaitSeconds * 2 ** (round - 1), MAX_RETRY_WAIT_SECONDS);
  return Math.ceil(wait * (0.8 + 0.2 * random));
}
