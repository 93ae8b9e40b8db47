import type { BatchContext } from '../contract.ts';
import type { Edges } from '../edges.ts';

/** Asks the provider to cancel an overdue batch. It is then polled to its end, so that what it finished is collected. */
export async function cancelBatch(edges: Edges, context: BatchContext): Promise<BatchContext> {
  await edges.provider(context.provider).cancelBatch(context.batchId);
  const { jobId, shard, round, batchId } = context;
  edges.log('batch_cancel_requested', { jobId, shard, round, batchId });
  return {
    ...context,
    cancelledAt: Math.floor(edges.clock.now() / 1_000),
    waitSeconds: context.polling.minSeconds,
  };
}
