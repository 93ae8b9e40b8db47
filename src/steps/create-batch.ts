import { uploadObject } from '../checkpoints/round/upload.ts';
import { batchMetadata } from '../batches/batch-metadata.ts';
import { findDespite, findLost, mayTurnUp, writeAnnouncement } from '../batches/find-lost-batch.ts';
import { noteDoubt } from '../batches/twins.ts';
import { batchesBefore } from '../batches/unmarked-batches.ts';
import {
  batchObject,
  creatingObject,
  type BatchCheckpoint,
  type CreateAnnouncement,
} from '../checkpoints/round/batch-checkpoint.ts';
import { roundKey } from '../checkpoints/keys.ts';
import { requireWholeRequests } from '../checkpoints/round/whole-requests.ts';
import { readRequests } from '../checkpoints/round/requests.ts';
import { isCancelled, readStop, rejectWhenStopped } from '../checkpoints/stop.ts';
import type { BatchContext, UploadedContext } from '../contract.ts';
import type { ProviderEdges } from '../edges.ts';
import { InvalidRequest, isProviderError } from '../errors.ts';
import { jobObject } from '../checkpoints/job.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import { sendsInline } from '../provider/dialects/sends-inline.ts';
import { parseWindow } from '../provider/completion-window.ts';
import { jobAtStep } from '../ladder/step-of-round.ts';
import type { Batch } from '../provider/batch-provider.ts';
import { recordTooManyTokens, readTooManyTokens } from './too-many-tokens.ts';
import { keepRoomOfFound, waitForRoom } from './room-for-batch.ts';

/**
 * Creates the round's batch once. If the checkpoint exists, it returns that batch. If the answer to an earlier create was lost,
 * it finds the batch in the provider's list instead of creating a second one.
 */
export async function createBatch(edges: ProviderEdges, context: UploadedContext): Promise<BatchContext> {
  const known = await batchObject.read(edges.store, context);
  if (known !== undefined) return waiting(edges, context, known);

  const { profile } = jobAtStep(await jobObject.require(edges.store, context.jobId), context.step);
  const windowSeconds = parseWindow(profile.completionWindow);
  if (windowSeconds === undefined) {
    throw new InvalidRequest(
      `Job ${context.jobId}: "${profile.completionWindow}" is not a completion window such as "24h".`,
    );
  }
  const { batch, at, doubt } = await findOrCreate(edges, context, profile);
  const checkpoint = {
    batchId: batch.id,
    // Uses our clock: the provider's may be hours off, and its times may lack a timezone.
    createdAt: at,
    deadline: at + windowSeconds + context.polling.graceSeconds,
    fileId: context.fileId,
    ...(doubt && { doubt }),
  } satisfies BatchCheckpoint;
  // Recorded before the checkpoint, so that a crash in between keeps the doubt.
  if (doubt) await noteDoubt(edges.store, context);
  await batchObject.write(edges.store, context, checkpoint);
  await cancelWhenTooLate(edges, context, batch);
  return waiting(edges, context, checkpoint);
}

/** A batch, and the time at which its create was announced. */
interface Created {
  readonly batch: Batch;
  /** Seconds since 1970, by our clock. */
  readonly at: number;
  /** Set if the answer to a create of this round was lost: the provider may have made more than one batch. */
  readonly doubt?: true;
}

/**
 * Finds or creates the batch. A create is recorded in the store before it is sent, so only a recorded create can have been lost.
 * @throws RequestsDamaged when the create would carry other requests than the recorded ones
 */
async function findOrCreate(
  edges: ProviderEdges,
  context: UploadedContext,
  profile: ResolvedProfile,
): Promise<Created> {
  const { store, clock } = edges;
  // The requests are read again, to send them or to find their batch, after *Upload file* has checked them.
  if (sendsInline(context.provider.dialect)) await requireWholeRequests(store, context, context.round);
  const announced = await creatingObject.read(store, context);
  if (announced !== undefined) {
    const batch = await findLost(edges, context, announced);
    const at = announced.at > 0 ? announced.at : seconds(clock.now());
    if (batch !== undefined) {
      await keepRoomOfFound(edges, context, profile);
      return { batch, at, doubt: true };
    }
    // The lost create may have made a batch that the list shows later, whatever the result of the next create is.
    await noteDoubt(store, context);
  }
  await rejectWhenStopped(store, context);
  await waitForRoom(edges, context, profile);
  const created = await create(edges, context, profile, await announce(edges, context, announced));
  return announced === undefined ? created : { ...created, doubt: true };
}

async function create(
  edges: ProviderEdges,
  context: UploadedContext,
  profile: ResolvedProfile,
  announced: CreateAnnouncement,
): Promise<Created> {
  const { jobId, shard, round, fileId } = context;
  const { endpoint, completionWindow } = profile;
  const { at } = announced;
  const open = await requestsOf(edges, context);
  const metadata = batchMetadata(context);
  try {
    const request = { inputFileId: fileId, endpoint, completionWindow, metadata, open };
    const batch = await edges.provider(context.provider).createBatch(request);
    edges.log('batch_created', { jobId, shard, round, batchId: batch.id });
    return { batch, at };
  } catch (error) {
    const tooMany = await readTooManyTokens(edges, context, { profile, announced }, error);
    const rejection = tooMany?.error ?? error;
    const batch = await findDespite(edges, context, announced, rejection);
    if (batch !== undefined) return { batch, at, doubt: true };
    if (tooMany !== undefined) await recordTooManyTokens(edges, context, announced, tooMany);
    throw rejection;
  }
}

/** The uploaded requests. */
async function requestsOf(
  { store }: ProviderEdges,
  context: UploadedContext,
): Promise<() => AsyncIterable<Uint8Array>> {
  const upload = await uploadObject.read(store, context);
  const key = roundKey(context, context.round, 'requests.jsonl');
  return () => readRequests(store, key, upload?.part?.bytes);
}

async function announce(
  edges: ProviderEdges,
  context: UploadedContext,
  before: CreateAnnouncement | undefined,
): Promise<CreateAnnouncement> {
  const known = before?.before ?? (await batchesBefore(edges, context));
  const announcement: CreateAnnouncement = {
    at: seconds(edges.clock.now()),
    fileId: context.fileId,
    ...(before?.alone && { alone: before.alone }),
    ...(known && { before: known }),
  };
  if (before !== undefined) await writeAnnouncement(edges, context, announcement);
  else {
    const isFirst = await creatingObject.create(edges.store, context, announcement);
    if (!isFirst) throw mayTurnUp(context);
  }
  return announcement;
}

/**
 * Cancels the new batch if the job was cancelled during its create: the execution that cancels batches may not have seen it. If
 * the cancel fails, the polls repeat it.
 */
async function cancelWhenTooLate(
  edges: ProviderEdges,
  context: UploadedContext,
  batch: Batch,
): Promise<void> {
  if (!isCancelled(await readStop(edges.store, context.jobId))) return;
  const { jobId, shard, round } = context;
  const fields = { jobId, shard, round, batchId: batch.id };
  try {
    await edges.provider(context.provider).cancelBatch(batch.id);
    edges.log('batch_cancel_requested', fields);
  } catch (error) {
    if (!isProviderError(error)) throw error;
    edges.log('batch_cancel_failed', { ...fields, error: error.name });
  }
}

function waiting(
  { clock }: ProviderEdges,
  context: UploadedContext,
  { batchId, createdAt, deadline, doubt }: BatchCheckpoint,
): BatchContext {
  const waitSeconds = context.polling.minSeconds;
  const now = seconds(clock.now());
  return {
    ...context,
    batchId,
    createdAt,
    deadline,
    age: Math.max(0, now - createdAt),
    lookedAt: now,
    waitSeconds,
    nextPollAt: now + waitSeconds,
    polls: 0,
    notFound: 0,
    ...(doubt && { doubt }),
  };
}

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1_000);
