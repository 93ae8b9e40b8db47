import type { Api } from './api.ts';
import type { SimulatedBatch } from './batches.ts';
import { EnqueuedTokensExceeded } from './enqueued-tokens.ts';
import type { BatchRequest } from './provider.ts';

/** Creates a batch, or returns the error if the provider accepts no more tokens. */
export async function createUnlessFull(
  provider: Api['provider'],
  request: BatchRequest,
): Promise<SimulatedBatch | EnqueuedTokensExceeded> {
  try {
    return await provider.createBatch(request);
  } catch (error) {
    if (error instanceof EnqueuedTokensExceeded) return error;
    throw error;
  }
}
