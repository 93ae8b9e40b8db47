import type { ProviderEdges } from '../edges.ts';
import { isProviderError, ProviderNotFound, ProviderRejected } from '../errors.ts';
import type { Batch, FindBatch, ProviderSettings } from '../provider/batch-provider.ts';
import { isWanted } from '../provider/match-batch.ts';
import { batchMetadata, type UploadedRound } from './batch-metadata.ts';

/** A batch that was created, and what it was created from. */
export interface BatchToFind extends UploadedRound {
  readonly provider: ProviderSettings;
  readonly batchId: string;
}

/** What one look at a batch showed. */
export type Look =
  | { readonly batch: Batch }
  | {
      readonly batch?: undefined;
      /**
       * Neither its id nor the complete list of batches leads to it; false where the list could not be read, or another batch is
       * shown under its id.
       */
      readonly isAbsent: boolean;
    };

/**
 * Asks for a batch by its id and, when the provider does not find it, refuses to show it or shows another one, looks for it in the
 * list, by its key and its input file: a 404 alone was seen for minutes while the batch was running.
 */
export async function lookAtBatch(edges: ProviderEdges, context: BatchToFind): Promise<Look> {
  const provider = edges.provider(context.provider);
  const { batchId, fileId } = context;
  const wanted: FindBatch = { batchId, inputFileId: fileId, metadata: batchMetadata(context) };
  let shown: Batch | undefined;
  let refusal: Error | undefined;
  try {
    shown = await provider.getBatch(batchId);
  } catch (error) {
    if (!(error instanceof ProviderNotFound || error instanceof ProviderRejected)) throw error;
    refusal = error;
  }
  // A proxy may show a batch under another id; without a sign that it is ours it is another batch.
  if (shown !== undefined && isWanted(shown, wanted)) return { batch: shown };
  try {
    const batch = await provider.findBatch(wanted);
    return batch === undefined ? { isAbsent: refusal instanceof ProviderNotFound } : { batch };
  } catch (error) {
    if (!isProviderError(error)) throw error;
    // The provider's own word is more than that the batch is not found.
    if (refusal instanceof ProviderRejected) throw refusal;
    return { isAbsent: false };
  }
}
