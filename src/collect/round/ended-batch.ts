import { lookAtBatch } from '../../batches/look-at-batch.ts';
import type { ProviderEdges } from '../../edges.ts';
import { ProviderUnavailable, type Failure } from '../../errors.ts';
import { roundKey } from '../../checkpoints/keys.ts';
import type { Batch } from '../../provider/batch-provider.ts';
import { isBusy, isTooLarge } from '../../provider/classify-error.ts';
import type { Codes } from '../../provider/dialects/schema.ts';
import type { Round } from './round.ts';

/**
 * The batch as it ended; one that is gone is a batch without files. Answers may lag behind those to the polls, so a
 * batch is gone only when the polls gave it up.
 * @throws ProviderUnavailable when the answer cannot be the last word
 */
export async function findEndedBatch(
  edges: ProviderEdges,
  context: Round,
  inputFileId: string | undefined,
): Promise<Batch | undefined> {
  const { provider, batchId, cancelledAt, fileId = inputFileId ?? '', gone = false } = context;
  if (batchId === undefined) return undefined;
  const { batch } = await lookAtBatch(edges, { ...context, provider, batchId, fileId });
  if (batch?.phase === 'ended' || (batch !== undefined && cancelledAt !== undefined)) return batch;
  if (batch !== undefined)
    throw new ProviderUnavailable(`collect batch ${batchId}: it had ended, and is shown as ${batch.status}.`);
  // Both files are in the store by then: it went with the files that were deleted after them.
  const isFetched = (await edges.store.stat(roundKey(context, context.round, 'results.jsonl'))) !== undefined;
  if (isFetched || gone) return undefined;
  throw new ProviderUnavailable(`collect batch ${batchId}: it had ended, and is not found.`);
}

/** OpenAI takes a batch and fails it afterwards when too many tokens are queued. */
export function failedBusy(batch: Batch | undefined, codes: Codes): boolean {
  return (
    batch?.ending === 'failed' &&
    batch.errors.length > 0 &&
    batch.errors.every(({ code, message }) => isBusy(code, message, codes))
  );
}

/** A file may be taken and found too long afterwards. */
export function failedTooLarge(batch: Batch | undefined, codes: Codes): Failure | undefined {
  if (batch?.ending !== 'failed') return undefined;
  const error = batch.errors.find(({ code, message }) => isTooLarge(code, message, codes));
  return error && { name: 'ProviderFileTooLarge', code: error.code, message: error.message };
}

/** What a row is told that is in neither file: why its batch ended, where the batch says so. */
export function missingRowError(batch: Batch | undefined): Pick<Failure, 'code' | 'message'> {
  const error = batch?.errors.find(({ line }) => line === undefined);
  if (error !== undefined) return { code: error.code, message: error.message };
  const ended = batch === undefined ? 'is gone' : `ended as ${batch.status}`;
  return { code: 'MISSING_RESULT', message: `The batch ${ended} without a result for this row.` };
}
