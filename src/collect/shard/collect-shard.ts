import type { ProviderEdges } from '../../edges.ts';
import { settleRound } from '../../spending/settle-round.ts';
import { stopJob, stopShard } from './stop-shard.ts';
import { climb } from './climb.ts';
import { finishShard } from './finish-shard.ts';
import { collectRound, type CollectedRound } from '../round/collect-round.ts';
import { GoesOnLater } from '../round/files/downloads.ts';
import { writingObject } from '../../checkpoints/round/writing.ts';
import type { LookAgain } from '../round/evidence/late-output.ts';
import { collectedObject, type Collected } from '../../checkpoints/round/collected.ts';
import type { Round } from '../round/evidence/round.ts';
import type { Job } from '../../checkpoints/job.ts';
import type { CollectEdges } from '../round/evidence/read-round.ts';

/**
 * Collects a shard's round, and adds its result to the shard: first its results, when the shard is finished or stopped, then the
 * round's checkpoint. A batch that is left open gets no checkpoint, so that a resume collects its round again.
 * @throws GoesOnLater when time ran short, and another call must continue
 */
export async function collectShard(
  edges: CollectEdges,
  job: Job,
  round: Round,
): Promise<Collected | LookAgain> {
  const result = await collectRound(edges, job, round);
  if ('next' in result) return result;
  try {
    return await endRound(edges, job, round, result);
  } catch (error) {
    // The next call need not collect the round again.
    if (error instanceof GoesOnLater && result.leftOpen === undefined)
      await writingObject.write(edges.store, round, { collected: result.collected });
    throw error;
  }
}

async function endRound(
  edges: CollectEdges,
  job: Job,
  round: Round,
  { leftOpen, isAgain = false, ...result }: CollectedRound,
): Promise<Collected> {
  const atStep = { ...result.collected, ...(round.step && { step: round.step }) };
  const climbed = atStep.next === 'done' && (await climb(edges, job, round, { last: atStep, isAgain }));
  const collected = climbed || atStep;
  // The cost is recorded before any checkpoint is written. After a crash in between, the round is collected again, and its cost
  // is not recorded twice.
  await settle(edges, job, round, leftOpen === undefined ? collected : undefined);
  const { next, failure } = collected;
  if (next === 'done') await finishShard(edges, round, { last: collected, isAgain });
  if (next === 'stop' && failure !== undefined)
    await stopShard(edges, round, { nextRound: collected.round + 1, failure, last: collected, leftOpen });
  if (leftOpen !== undefined) return collected;
  await collectedObject.write(edges.store, { ...round, round: collected.round }, collected);
  logRound(edges, round, collected);
  return collected;
}

/**
 * Records the cost of a round, and stops the job if too many rows are not ok.
 * @param collected absent for a round whose batch is left open
 */
async function settle(
  edges: CollectEdges,
  job: Job,
  { jobId, shard, round, planned }: Round,
  collected: Collected | undefined,
): Promise<void> {
  const { price } = job.profile;
  const ended = { jobId, shard, round, planned, collected, isOpen: collected === undefined, price };
  const broken = await settleRound(edges.store, job, ended);
  if (broken !== undefined) await stopJob(edges, ended, broken);
}

function logRound({ log }: ProviderEdges, { jobId, shard }: Round, collected: Collected): void {
  const { round, ok, failed, exhausted, deferred, next } = collected;
  const { invalid_output = 0, missing, duplicates, unknown, unreadable } = collected;
  const unexplained = { missing, duplicates, unknown, unreadable };
  const outcomes = { ok, failed, exhausted, invalid_output, deferred };
  log('round_collected', { jobId, shard, round, ...outcomes, ...unexplained, next });
}
