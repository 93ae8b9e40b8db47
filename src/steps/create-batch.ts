import type { BatchContext, UploadedContext } from '../contract.ts';
import type { Edges } from '../edges.ts';
import { InvalidRequest, ProviderUnavailable } from '../errors.ts';
import type { Job, ResolvedProfile } from '../job.ts';
import { jobKey, roundKey, shardName } from '../keys.ts';
import { parseWindow } from '../polling.ts';
import type { Batch } from '../provider/batch-provider.ts';
import { isCancelled, readStop, refuseWhenStopped } from '../stop.ts';
import { readJson, requireJson, writeJson } from '../store/json.ts';

/** `round-<r>.batch.json`. Seconds since 1970. */
interface BatchCheckpoint {
  readonly batchId: string;
  readonly createdAt: number;
  readonly deadline: number;
}

/**
 * Creates the round's batch, once. The checkpoint answers for a batch made before; one whose answer was lost is found
 * again by the metadata it carries, never created a second time.
 */
export async function createBatch(edges: Edges, context: UploadedContext): Promise<BatchContext> {
  const key = roundKey(context, context.round, 'batch.json');
  const known = await readJson<BatchCheckpoint>(edges.store, key);
  if (known !== undefined) return waiting(context, known);

  const { profile } = await requireJson<Job>(edges.store, jobKey(context.jobId));
  const windowSeconds = parseWindow(profile.completionWindow);
  if (windowSeconds === undefined) {
    throw new InvalidRequest(`Job ${context.jobId}: "${profile.completionWindow}" is no completion window.`);
  }
  const batch = await findOrCreate(edges, context, profile);
  const createdAt = batch.createdAt ?? seconds(edges.clock.now());
  const deadline = createdAt + windowSeconds + context.polling.graceSeconds;
  const checkpoint = { batchId: batch.id, createdAt, deadline } satisfies BatchCheckpoint;
  await writeJson(edges.store, key, checkpoint);
  await cancelWhenTooLate(edges, context, batch);
  return waiting(context, checkpoint);
}

/** A create is announced in the store before it is sent: only an announced one can have been lost. */
async function findOrCreate(
  edges: Edges,
  context: UploadedContext,
  { endpoint, completionWindow }: ResolvedProfile,
): Promise<Batch> {
  const { store, log } = edges;
  const { jobId, shard, round, fileId } = context;
  const provider = edges.provider(context.provider);
  const metadata = { key: `${jobId}/${shardName(shard)}/${round}`, job: jobId, tool: 'nightshift' };
  const announcement = roundKey(context, round, 'creating.json');
  const announced = (await store.stat(announcement)) !== undefined;
  if (announced) {
    const found = await provider.findBatch({ inputFileId: fileId, metadata: { key: metadata.key } });
    if (found !== undefined) {
      log('batch_found_again', { jobId, shard, round, batchId: found.id });
      return found;
    }
  }
  await refuseWhenStopped(store, context);
  if (!(await store.createIfAbsent(announcement, '{}\n')) && !announced) {
    throw new ProviderUnavailable(
      `Another execution is creating the batch of shard ${shard} of job ${jobId} at this moment.`,
    );
  }
  const batch = await provider.createBatch({ inputFileId: fileId, endpoint, completionWindow, metadata });
  log('batch_created', { jobId, shard, round, batchId: batch.id });
  return batch;
}

/** The job was cancelled while this batch was being made, and the execution that would cancel it may have passed by. */
async function cancelWhenTooLate(edges: Edges, context: UploadedContext, batch: Batch): Promise<void> {
  if (!isCancelled(await readStop(edges.store, context.jobId))) return;
  await edges.provider(context.provider).cancelBatch(batch.id);
  const { jobId, shard, round } = context;
  edges.log('batch_cancel_requested', { jobId, shard, round, batchId: batch.id });
}

function waiting(context: UploadedContext, { batchId, createdAt, deadline }: BatchCheckpoint): BatchContext {
  const waitSeconds = context.polling.minSeconds;
  return { ...context, batchId, createdAt, deadline, waitSeconds, polls: 0, notFound: 0 };
}

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1_000);
