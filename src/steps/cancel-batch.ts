import type { BatchContext } from '../contract.ts';
import type { ProviderEdges } from '../edges.ts';
import { ProviderNotFound } from '../errors.ts';

/**
 * Asks the provider to cancel an overdue batch. It is then polled to its end, so that what it finished is collected; the
 * polls also find out about a batch that is gone.
 */
export async function cancelBatch(edges: ProviderEdges, context: BatchContext): Promise<BatchContext> {
  try {
    await edges.provider(context.provider).cancelBatch(context.batchId);
  } catch (error) {
    if (!(error instanceof ProviderNotFound)) throw error;
  }
  const { jobId, shard, round, batchId } = context;
  edges.log('batch_cancel_requested', { jobId, shard, round, batchId });
  const now = Math.floor(edges.clock.now() / 1_000);
  const waitSeconds = context.polling.minSeconds;
  return { ...context, cancelledAt: now, waitSeconds, nextPollAt: now + waitSeconds };
}
