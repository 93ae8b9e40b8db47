import type { BatchCheckpoint } from '../checkpoints/batch-checkpoint.ts';
import type { BatchContext, UploadedContext } from '../contract.ts';
import type { ProviderEdges } from '../edges.ts';
import {
  InvalidRequest,
  ProviderBusy,
  ProviderDenied,
  ProviderNotFound,
  ProviderRejected,
  ProviderThrottled,
  ProviderTooLarge,
  ProviderUnavailable,
} from '../errors.ts';
import type { Job, ResolvedProfile } from '../job.ts';
import { jobKey, roundKey, shardName } from '../checkpoints/keys.ts';
import { parseWindow } from '../polling.ts';
import type { Batch } from '../provider/batch-provider.ts';
import { isCancelled, readStop, refuseWhenStopped } from '../checkpoints/stop.ts';
import { readRequests, type UploadCheckpoint } from '../checkpoints/shard-part.ts';
import { takeSlot } from '../checkpoints/slots.ts';
import { readJson, requireJson, writeJson } from '../store/json.ts';
import type { ObjectStore } from '../store/object-store.ts';

/**
 * Creates the round's batch, once. The checkpoint answers for a batch made before; one whose answer was lost is found
 * again by the metadata it carries, never created a second time.
 */
export async function createBatch(edges: ProviderEdges, context: UploadedContext): Promise<BatchContext> {
  const key = roundKey(context, context.round, 'batch.json');
  const known = await readJson<BatchCheckpoint>(edges.store, key);
  if (known !== undefined) return waiting(edges, context, known);

  const { profile } = await requireJson<Job>(edges.store, jobKey(context.jobId));
  const windowSeconds = parseWindow(profile.completionWindow);
  if (windowSeconds === undefined) {
    throw new InvalidRequest(`Job ${context.jobId}: "${profile.completionWindow}" is no completion window.`);
  }
  const batch = await findOrCreate(edges, context, profile);
  const createdAt = readCreatedAt(batch, seconds(edges.clock.now()), windowSeconds);
  const deadline = createdAt + windowSeconds + context.polling.graceSeconds;
  const checkpoint = { batchId: batch.id, createdAt, deadline } satisfies BatchCheckpoint;
  await writeJson(edges.store, key, checkpoint);
  await cancelWhenTooLate(edges, context, batch);
  return waiting(edges, context, checkpoint);
}

/** A time to come, or one from before the window, is none: milliseconds, a zero, another clock. The deadline hangs on it. */
function readCreatedAt({ createdAt = -1 }: Batch, now: number, windowSeconds: number): number {
  return createdAt > now || createdAt < now - windowSeconds ? now : createdAt;
}

/** `round-<r>.creating.json`: a create may be on its way. */
interface Announcement {
  /** Seconds since 1970; 0 once it is known that nothing came of it. */
  readonly at: number;
}

/**
 * How long a batch whose create got no answer is looked for before it is made again: a list may lag behind, and another
 * execution may be creating it at this moment. Longer than a create waits for its answer (120 s).
 */
const LOST_CREATE_SECONDS = 180;

/** A create is announced in the store before it is sent: only an announced one can have been lost. */
async function findOrCreate(
  edges: ProviderEdges,
  context: UploadedContext,
  { endpoint, completionWindow, maxBatches }: ResolvedProfile,
): Promise<Batch> {
  const { store, log } = edges;
  const { jobId, shard, round, fileId } = context;
  const metadata = { key: `${jobId}/${shardName(shard)}/${round}`, job: jobId, tool: 'nightshift' };
  const key = roundKey(context, round, 'creating.json');
  const announced = await readJson<Announcement>(store, key);
  if (announced !== undefined) {
    const found = await findLost(edges, context, announced, metadata.key);
    if (found !== undefined) return found;
  }
  await refuseWhenStopped(store, context);
  await waitForPlace(store, context, maxBatches);
  await announce(edges, context, key, announced);
  try {
    const open = await requestsOf(edges, context);
    const request = { inputFileId: fileId, endpoint, completionWindow, metadata, open };
    const batch = await edges.provider(context.provider).createBatch(request);
    log('batch_created', { jobId, shard, round, batchId: batch.id });
    return batch;
  } catch (error) {
    if (saysThereIsNone(error)) await writeJson(store, key, { at: 0 } satisfies Announcement);
    throw error;
  }
}

/** What was uploaded. */
async function requestsOf(
  { store }: ProviderEdges,
  context: UploadedContext,
): Promise<() => AsyncIterable<Uint8Array>> {
  const upload = await readJson<UploadCheckpoint>(store, roundKey(context, context.round, 'upload.json'));
  const key = roundKey(context, context.round, 'requests.jsonl');
  return () => readRequests(store, key, upload?.part?.bytes);
}

/** Whether the provider answered, and refused. Whatever else went wrong, the batch may be there. */
function saysThereIsNone(error: unknown): boolean {
  return [
    ProviderBusy,
    ProviderDenied,
    ProviderNotFound,
    ProviderRejected,
    ProviderThrottled,
    ProviderTooLarge,
  ].some((refusal) => error instanceof refusal);
}

/** @throws ProviderBusy when as many batches as may are running at the provider, of this job or others. */
async function waitForPlace(
  store: ObjectStore,
  context: UploadedContext,
  maxBatches: number | undefined,
): Promise<void> {
  const { jobId, shard, provider } = context;
  if (maxBatches === undefined || (await takeSlot(store, provider.name, context, maxBatches))) return;
  throw new ProviderBusy(
    `All ${maxBatches} places at the provider "${provider.name}" are taken; shard ${shard} of job ${jobId} waits for one.`,
  );
}

/** @throws ProviderUnavailable while the batch may still turn up. */
async function findLost(
  edges: ProviderEdges,
  context: UploadedContext,
  { at }: Announcement,
  key: string,
): Promise<Batch | undefined> {
  const { jobId, shard, round, fileId } = context;
  const provider = edges.provider(context.provider);
  const found = await provider
    .findBatch({ inputFileId: fileId, metadata: { key } })
    .catch((error: unknown) => refuseToGuess(context, error));
  if (found !== undefined) {
    edges.log('batch_found_again', { jobId, shard, round, batchId: found.id });
    return found;
  }
  if (seconds(edges.clock.now()) - at < LOST_CREATE_SECONDS) throw mayTurnUp(context);
  return undefined;
}

/** That the list is refused, or not there, does not say that the batch is not: its rows are neither failed nor sent again. */
function refuseToGuess({ jobId, shard, round }: UploadedContext, error: unknown): never {
  if (!(error instanceof ProviderRejected || error instanceof ProviderNotFound)) throw error;
  throw new ProviderUnavailable(
    `Whether the batch of shard ${shard}, round ${round} of job ${jobId} was created cannot be known without the list of batches: ${error.message}`,
    { cause: error },
  );
}

async function announce(
  { store, clock }: ProviderEdges,
  context: UploadedContext,
  key: string,
  before: Announcement | undefined,
): Promise<void> {
  const announcement = `${JSON.stringify({ at: seconds(clock.now()) } satisfies Announcement)}\n`;
  if (before !== undefined) await store.put(key, announcement);
  else if (!(await store.createIfAbsent(key, announcement))) throw mayTurnUp(context);
}

function mayTurnUp({ jobId, shard, round }: UploadedContext): ProviderUnavailable {
  return new ProviderUnavailable(
    `Whether the batch of shard ${shard}, round ${round} of job ${jobId} was created is not known yet; it is looked for again.`,
  );
}

/** The job was cancelled while this batch was being made, and the execution that would cancel it may have passed by. */
async function cancelWhenTooLate(
  edges: ProviderEdges,
  context: UploadedContext,
  batch: Batch,
): Promise<void> {
  if (!isCancelled(await readStop(edges.store, context.jobId))) return;
  await edges.provider(context.provider).cancelBatch(batch.id);
  const { jobId, shard, round } = context;
  edges.log('batch_cancel_requested', { jobId, shard, round, batchId: batch.id });
}

function waiting(
  { clock }: ProviderEdges,
  context: UploadedContext,
  { batchId, createdAt, deadline }: BatchCheckpoint,
): BatchContext {
  const waitSeconds = context.polling.minSeconds;
  const nextPollAt = seconds(clock.now()) + waitSeconds;
  return { ...context, batchId, createdAt, deadline, waitSeconds, nextPollAt, polls: 0, notFound: 0 };
}

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1_000);
