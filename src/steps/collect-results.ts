import { GoesOnLater } from '../collect/round/files/downloads.ts';
import type { LookAgain } from '../collect/round/evidence/late-output.ts';
import { stopShard } from '../collect/shard/stop-shard.ts';
import type {
  CollectContext,
  CollectingContext,
  CollectedContext,
  LookContext,
  PolledContext,
} from '../contract.ts';
import type { ProviderEdges } from '../edges.ts';
import type { Failure } from '../errors.ts';
import { jobObject, type Job } from '../checkpoints/job.ts';
import { contextAtStep, jobAtStep } from '../ladder/step-of-round.ts';
import { isNearlyFull, spentEvents, type RoundTurns } from './history.ts';
import { currentRound } from '../checkpoints/shard/shard-rounds.ts';
import { readStop } from '../checkpoints/stop.ts';
import { noteTrouble } from '../checkpoints/shard/trouble.ts';
import { collectByEnding, withDoubt, type RoundEnd } from './collect-by-ending.ts';
import { releaseRound } from './release-round.ts';

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
  const end = await collectByEnding(edges, job, context, shardRound);
  if (end.next === 'look') return lookLater(edges, context as PolledContext, end);
  const { next, round, lastRound } = end;
  await releaseRound(edges, job, context, { end, round: shardRound.round });
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
  // A stopped job starts no further round, so it does not wait for one.
  const isStopped = (await readStop(edges.store, jobId)) !== undefined;
  // Files that fail during the search for a row, and parts of a file, are no sign of overload.
  const isFirst = end.halving !== undefined || up !== undefined || isPart(end);
  const nth = isFirst ? 1 : round + 1 - (step?.from ?? 1);
  const waitSeconds = isStopped ? 0 : retryWaitSeconds(job, nth, edges.random());
  return { ...base, next, round: round + 1, waitSeconds };
}

/** Makes the state machine wait, poll the batch again and collect again. Only rounds with a batch reach this. */
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
