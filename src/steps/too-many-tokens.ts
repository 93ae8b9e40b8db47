import { writeAnnouncement } from '../batches/find-lost-batch.ts';
import { isSurelyBeyond } from '../batches/room-limits.ts';
import { recordRejection, tokensOfOthers, type WantedRoom } from '../batches/take-room.ts';
import type { CreateAnnouncement } from '../checkpoints/round/batch-checkpoint.ts';
import { collectedObject } from '../checkpoints/round/collected.ts';
import { readShardPlan } from '../checkpoints/plan.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import { uploadObject } from '../checkpoints/round/upload.ts';
import type { UploadedContext } from '../contract.ts';
import { grouped } from '../text/counted.ts';
import type { ProviderEdges } from '../edges.ts';
import { failureFromCatch, ProviderBusy, ProviderFileTooLarge, withCode } from '../errors.ts';
import { readTokensRejection } from '../provider/errors/classify-error.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { wantedRoom } from './room-for-batch.ts';

/** A create that was rejected because too many tokens are enqueued. */
export interface TooManyTokens {
  /** ProviderFileTooLarge if the file alone is too large, otherwise the provider's error. */
  readonly error: Error;
  readonly wanted: WantedRoom;
  /** The limit, if the provider names it. */
  readonly limit: number | undefined;
  readonly isTooLarge: boolean;
  readonly alone: CreateAnnouncement['alone'];
}

/**
 * The file counts as too large after this many seconds and this many rejections while nothing else of the model is enqueued.
 * Earlier, the provider may still count batches that have just ended.
 */
const ALONE_SECONDS = 1_800;
const ALONE_REJECTIONS = 3;

/** Code of rows, if the provider has no code for this rejection. */
const DEFAULT_CODE = 'token_limit_exceeded';

/**
 * Decides about a rejected create: either other batches must end first, or the file alone is larger than the provider's limit.
 * @returns undefined if it was rejected for another reason
 */
export async function readTooManyTokens(
  edges: ProviderEdges,
  context: UploadedContext,
  { profile, announced }: { readonly profile: ResolvedProfile; readonly announced: CreateAnnouncement },
  error: unknown,
): Promise<TooManyTokens | undefined> {
  if (!(error instanceof ProviderBusy)) return undefined;
  const { code, message } = failureFromCatch({ Error: error.name, Cause: error.message });
  const rejection = readTokensRejection(code, message);
  if (rejection === undefined) return undefined;
  const wanted = await wantedRoom(edges, context, profile);
  const { tokens, at } = wanted.asking;
  const { limit } = rejection;
  const most = limit ?? wanted.limits.tokensOf(profile.model);
  const isLarger = most !== undefined && tokens > most;
  const isAlone = (await tokensOfOthers(edges, context.provider.name, wanted.asking)) === 0;
  const alone = isAlone ? rejectedOnceMore(announced.alone, at) : undefined;
  const isHopeless =
    alone !== undefined && alone.refusals >= ALONE_REJECTIONS && at - alone.since >= ALONE_SECONDS;
  // A single row near the limit, or without a known limit, may be rejected only because others use the account.
  const isTooLarge =
    (isLarger || isHopeless) && (isSurelyBeyond(tokens, most) || !(await isOneRow(edges.store, context)));
  const why = isLarger
    ? `more than the ${grouped(most)} enqueued tokens that the provider takes`
    : 'and was rejected repeatedly for too many enqueued tokens while nothing else was enqueued';
  const text = `The file of shard ${context.shard}, round ${context.round} of job ${context.jobId} has about ${grouped(tokens)} input tokens, ${why}.`;
  return {
    error: isTooLarge
      ? new ProviderFileTooLarge(withCode(text, code === error.name ? DEFAULT_CODE : code), { cause: error })
      : error,
    wanted,
    limit,
    isTooLarge,
    alone,
  };
}

/** Records the limit of enqueued tokens that a rejected create shows, and lets other shards request room. */
export async function recordTooManyTokens(
  edges: ProviderEdges,
  context: UploadedContext,
  announced: CreateAnnouncement,
  { error, wanted, limit, isTooLarge, alone }: TooManyTokens,
): Promise<void> {
  const { jobId, shard, round } = context;
  const { model, at: now } = wanted.asking;
  const rejection = {
    jobId,
    shard,
    round,
    model,
    limit,
    isTooLarge,
    now,
    next: isTooLarge ? round + 1 : round,
  };
  await recordRejection(edges, wanted.provider, rejection);
  // The count begins again once another batch was enqueued.
  if (!isTooLarge && (alone ?? announced.alone) !== undefined)
    await writeAnnouncement(edges, context, { ...announced, alone, refusedWith: error.name });
}

function rejectedOnceMore(
  before: CreateAnnouncement['alone'],
  now: number,
): NonNullable<CreateAnnouncement['alone']> {
  return { since: before?.since ?? now, refusals: (before?.refusals ?? 0) + 1 };
}

/** True if the file has a single request. */
async function isOneRow(store: ObjectStore, context: UploadedContext): Promise<boolean> {
  const { jobId, shard, round } = context;
  const upload = await uploadObject.read(store, context);
  if (upload?.part !== undefined) return upload.part.requests === 1;
  const before =
    round > 1 ? await collectedObject.read(store, { jobId, shard, round: round - 1 }) : undefined;
  return (before?.deferred ?? (await readShardPlan(store, context)).requests) === 1;
}
