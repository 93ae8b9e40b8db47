import { collectedObject, type Collected } from '../checkpoints/round/collected.ts';
import { twinsObject } from '../checkpoints/round/twins.ts';
import type { Job } from '../checkpoints/job.ts';
import { findLeftOpen } from '../checkpoints/shard/open-batch.ts';
import type { ShardRound } from '../checkpoints/shard/shard-rounds.ts';
import { forgetUpload } from '../collect/round/clean-provider.ts';
import type { LookAgain } from '../collect/round/evidence/late-output.ts';
import { collectShard } from '../collect/shard/collect-shard.ts';
import { stopShard } from '../collect/shard/stop-shard.ts';
import type { Caught, CollectContext, DirectContext, ShardContext } from '../contract.ts';
import { joinAnswers } from '../direct/answers.ts';
import type { ProviderEdges } from '../edges.ts';
import { failureFromCatch, type Failure } from '../errors.ts';
import { takesOver } from '../ladder/goes-up.ts';
import { stepAbove } from '../ladder/step-of-round.ts';
import { createReader } from './create-reader.ts';

/** A collected round, or a shard that stopped before its round was collected. */
export type RoundEnd = Collected | (ShardRound & { readonly next: 'stop'; readonly halving?: undefined });

/**
 * Collects a round by how it ended: a batch that ended, rows that were sent direct, or an error of an earlier step. After an error
 * that a resume may solve, nothing is collected and the shard stops.
 */
export async function collectByEnding(
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
  if (isRejection(failure) && !hasBatch(context))
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

/**
 * True if the round has a batch. A rejected poll then does not fail the rows: the batch is paid for, and a resume collects it.
 */
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

/** True if the provider will never accept this file or batch, so that its rows fail. */
function isRejection({ name }: Failure): boolean {
  return name === 'ProviderRejected';
}

/**
 * True if another round may succeed, with a smaller file or after the file was lost. Polls alone never decide that a batch is
 * lost.
 */
function isGivenBack({ name }: Failure): boolean {
  return name === 'ProviderFileTooLarge' || name === 'ProviderNotFound';
}

/** Marks a round without a batch as in doubt if an earlier create was lost, because that create may have made a batch. */
export async function withDoubt<Context extends CollectContext>(
  { store }: ProviderEdges,
  context: Context,
  { round }: ShardRound,
): Promise<Context> {
  if (!hasError(context) || hasBatch(context)) return context;
  const isInDoubt = (await twinsObject.read(store, { ...context, round })) !== undefined;
  return isInDoubt ? { ...context, doubt: true as const } : context;
}
