import type { ProviderEdges } from '../edges.ts';
import { isProviderError, ProviderNotFound, ProviderRejected } from '../errors.ts';
import type { Batch, FindBatch, ProviderSettings } from '../provider/batch-provider.ts';
import { isWanted } from '../provider/match-batch.ts';
import { batchMetadata, type UploadedRound } from './batch-metadata.ts';

/** A batch that was created, with the upload that it was created from. */
export interface BatchToFind extends UploadedRound {
  readonly provider: ProviderSettings;
  readonly batchId: string;
}

/** A batch as its provider shows it at one time. */
export type Look =
  | { readonly batch: Batch }
  | {
      readonly batch?: undefined;
      /**
       * True if the batch is found neither by its id nor in the complete list; false if the list could not be read, or another
       * batch is shown under its id.
       */
      readonly isAbsent: boolean;
    };

/**
 * Reads a batch by its id. If the provider does not find it, rejects the call or shows another batch, searches the list for it
 * by key and input file, because providers have answered 404 for minutes while the batch was running.
 */
export async function lookAtBatch(edges: ProviderEdges, context: BatchToFind): Promise<Look> {
  const provider = edges.provider(context.provider);
  const { batchId, fileId } = context;
  const wanted: FindBatch = { batchId, inputFileId: fileId, metadata: batchMetadata(context) };
  let shown: Batch | undefined;
  let rejection: Error | undefined;
  try {
    shown = await provider.getBatch(batchId);
  } catch (error) {
    if (!(error instanceof ProviderNotFound || error instanceof ProviderRejected)) throw error;
    rejection = error;
  }
  // A proxy may show a batch under another id. Without proof that the batch is ours, it is treated as another one.
  if (shown !== undefined && isWanted(shown, wanted)) return { batch: shown };
  try {
    const batch = await provider.findBatch(wanted);
    return batch === undefined ? { isAbsent: rejection instanceof ProviderNotFound } : { batch };
  } catch (error) {
    if (!isProviderError(error)) throw error;
    // The provider's rejection says more than that the batch was not found, so it is reported.
    if (rejection instanceof ProviderRejected) throw rejection;
    return { isAbsent: false };
  }
}
