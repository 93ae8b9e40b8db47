import { lookAtBatch } from '../../../batches/look-at-batch.ts';
import type { ProviderEdges } from '../../../edges.ts';
import { ProviderUnavailable, type Failure } from '../../../errors.ts';
import { roundKey } from '../../../checkpoints/keys.ts';
import { lateObject } from '../../../checkpoints/round/late.ts';
import type { Batch } from '../../../provider/batch-provider.ts';
import {
  isBusy,
  isTooLarge,
  readTokensRejection,
  type TokensRejection,
} from '../../../provider/errors/classify-error.ts';
import type { Codes } from '../../../provider/dialects/schema.ts';
import type { Round } from './round.ts';

/**
 * Reads the batch of a round that has ended, or a batch that the provider shows again after it was given up. A missing batch
 * has no files. A read may return an older state than the polls returned, so a batch counts as missing only if the polls gave
 * it up.
 * @throws ProviderUnavailable when the answer may be outdated
 */
export async function findEndedBatch(
  edges: ProviderEdges,
  context: Round,
  inputFileId: string | undefined,
): Promise<Batch | undefined> {
  const { provider, batchId, cancelledAt, fileId = inputFileId ?? '', gone = false } = context;
  if (batchId === undefined) return undefined;
  const { batch } = await lookAtBatch(edges, { ...context, provider, batchId, fileId });
  if (batch?.phase === 'ended' || (batch !== undefined && (gone || cancelledAt !== undefined))) return batch;
  if (batch !== undefined)
    throw new ProviderUnavailable(`collect batch ${batchId}: it had ended, and is shown as ${batch.status}.`);
  // Both files are stored, so the batch was deleted together with its files afterwards.
  if (gone || (await isFetched(edges, context))) return undefined;
  throw new ProviderUnavailable(`collect batch ${batchId}: it had ended, and is not found.`);
}

/**
 * True if both files of a round are stored. If the batch was left open, its results are also written although they are
 * incomplete.
 */
async function isFetched(edges: ProviderEdges, round: Round): Promise<boolean> {
  const results = await edges.store.stat(roundKey(round, round.round, 'results.jsonl'));
  return results !== undefined && (await lateObject.read(edges.store, round))?.isLate !== true;
}

/**
 * True if a batch has used up its time: it expired, or it was cancelled because its time was over and not because its job was
 * cancelled.
 */
export function hasExpired(
  batch: Batch | undefined,
  { createdAt, cancelledAge, deadline }: Pick<Round, 'createdAt' | 'cancelledAge' | 'deadline'>,
): boolean {
  if (batch?.ending === 'expired') return true;
  const isCancelled = createdAt !== undefined && cancelledAge !== undefined && deadline !== undefined;
  return isCancelled && createdAt + cancelledAge >= deadline;
}

/**
 * True if the provider accepted a batch and failed it afterwards because it was busy, as OpenAI does if too many tokens are
 * queued.
 */
export function failedBusy(batch: Batch | undefined, codes: Codes): boolean {
  return (
    batch?.ending === 'failed' &&
    batch.errors.length > 0 &&
    batch.errors.every(({ code, message }) => isBusy(code, message, codes))
  );
}

/** The limit of enqueued tokens that a failed batch shows; undefined if the batch failed for another reason. */
export function tokensRejection(batch: Batch | undefined): TokensRejection | undefined {
  if (batch?.ending !== 'failed') return undefined;
  const rejections = batch.errors.map(({ code, message }) => readTokensRejection(code, message));
  return rejections.find((rejection) => rejection !== undefined);
}

/** The failure of a batch whose file is too large. Some providers accept an upload and reject its size only at validation. */
export function failedTooLarge(batch: Batch | undefined, codes: Codes): Failure | undefined {
  if (batch?.ending !== 'failed') return undefined;
  const error = batch.errors.find(({ code, message }) => isTooLarge(code, message, codes));
  return error && { name: 'ProviderFileTooLarge', code: error.code, message: error.message };
}

/** The error of a row that is in neither file: the reason why its batch ended, if the batch reports it. */
export function missingRowError(batch: Batch | undefined): Pick<Failure, 'code' | 'message'> {
  const error = batch?.errors.find(({ line }) => line === undefined);
  if (error !== undefined) return { code: error.code, message: error.message };
  const ended = batch === undefined ? 'is gone' : `ended as ${batch.status}`;
  return { code: 'MISSING_RESULT', message: `The batch ${ended} without a result for this row.` };
}
