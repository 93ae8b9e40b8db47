import type { BatchContext } from '../contract.ts';
import type { ProviderEdges } from '../edges.ts';
import { isProviderError } from '../errors.ts';
import { cancelWaitSeconds } from '../batches/polling.ts';

/**
 * Asks the provider to cancel a batch. The batch is then polled to its end, so that its finished rows are collected; while it is
 * still running, the polls return here. A rejected cancel never fails this step, because giving up would leave a batch that costs
 * money.
 */
export async function cancelBatch(edges: ProviderEdges, context: BatchContext): Promise<BatchContext> {
  const { jobId, shard, round, batchId } = context;
  const failure = await edges
    .provider(context.provider)
    .cancelBatch(batchId)
    .then(() => undefined, providerError);
  const cancelFailures = failure === undefined ? 0 : (context.cancelFailures ?? 0) + 1;
  if (failure === undefined) edges.log('batch_cancel_requested', { jobId, shard, round, batchId });
  else
    edges.log('batch_cancel_failed', { jobId, shard, round, batchId, error: failure.name, cancelFailures });
  const now = Math.floor(edges.clock.now() / 1_000);
  const waitSeconds = context.polling.minSeconds;
  return {
    ...context,
    cancelledAt: context.cancelledAt ?? now,
    cancelledAge: context.cancelledAge ?? context.age ?? Math.max(0, now - context.createdAt),
    cancelFailures,
    cancelInSeconds: cancelWaitSeconds(cancelFailures, context.polling),
    waitSeconds,
    nextPollAt: now + waitSeconds,
  };
}

function providerError(error: unknown): Error {
  if (isProviderError(error)) return error;
  throw error;
}
