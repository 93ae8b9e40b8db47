import type { BatchContext, UploadedContext } from '../contract.ts';
import type { Edges } from '../edges.ts';
import { InvalidRequest } from '../errors.ts';
import type { Job } from '../job.ts';
import { jobKey, roundKey, shardName } from '../keys.ts';
import { parseWindow } from '../polling.ts';
import type { Batch } from '../provider/batch-provider.ts';
import { refuseWhenStopped } from '../stop.ts';
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

  await refuseWhenStopped(edges.store, context);
  const { profile } = await requireJson<Job>(edges.store, jobKey(context.jobId));
  const windowSeconds = parseWindow(profile.completionWindow);
  if (windowSeconds === undefined) {
    throw new InvalidRequest(`Job ${context.jobId}: "${profile.completionWindow}" is no completion window.`);
  }
  const batch = await createOrFind(edges, context, profile.endpoint, profile.completionWindow);
  const createdAt = batch.createdAt ?? seconds(edges.clock.now());
  const deadline = createdAt + windowSeconds + context.polling.graceSeconds;
  const checkpoint = { batchId: batch.id, createdAt, deadline } satisfies BatchCheckpoint;
  await writeJson(edges.store, key, checkpoint);
  return waiting(context, checkpoint);
}

/** A create is announced in the store before it is sent: only an announced one can have been lost. */
async function createOrFind(
  edges: Edges,
  context: UploadedContext,
  endpoint: string,
  completionWindow: string,
): Promise<Batch> {
  const { jobId, shard, round, fileId } = context;
  const provider = edges.provider(context.provider);
  const metadata = { key: `${jobId}/${shardName(shard)}/${round}`, job: jobId, tool: 'nightshift' };
  const announced = await edges.store.createIfAbsent(roundKey(context, round, 'creating.json'), '{}\n');
  if (!announced) {
    const found = await provider.findBatch({ inputFileId: fileId, metadata: { key: metadata.key } });
    if (found !== undefined) {
      edges.log('batch_found_again', { jobId, shard, round, batchId: found.id });
      return found;
    }
  }
  const batch = await provider.createBatch({ inputFileId: fileId, endpoint, completionWindow, metadata });
  edges.log('batch_created', { jobId, shard, round, batchId: batch.id });
  return batch;
}

function waiting(context: UploadedContext, { batchId, createdAt, deadline }: BatchCheckpoint): BatchContext {
  const waitSeconds = context.polling.minSeconds;
  return { ...context, batchId, createdAt, deadline, waitSeconds, polls: 0, notFound: 0 };
}

const seconds = (milliseconds: number): number => Math.floor(milliseconds / 1_000);
