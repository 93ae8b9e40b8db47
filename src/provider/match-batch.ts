import type { Batch, FindBatch } from './batch-provider.ts';

/**
 * Whether a listed batch was created from the wanted file, or for the wanted round. Proxies show metadata in upper case, cut it,
 * rename it or merge it with other keys, and some show another id for the file: either sign is enough.
 */
export function isWanted(batch: Batch, wanted: FindBatch): boolean {
  if (batch.id === wanted.batchId) return true;
  const isSameFile = batch.inputFileId === wanted.inputFileId;
  if (isSameFile) return !isOfAnotherRound(batch, wanted);
  const { key, file } = wanted.metadata;
  if (key === undefined || !carries(batch, key)) return false;
  // An earlier run of the same job has the same key, and another file.
  return carriesFile(batch) ? file !== undefined && carries(batch, file) : batch.inputFileId === undefined;
}

/** The better batch to go on with: one that runs, then one with answers, then the one listed first. */
export function betterBatch(one: Batch | undefined, other: Batch, { batchId }: FindBatch): Batch {
  const worth = (batch: Batch): number => (batch.id === batchId ? MOST_WORTH : worthOf(batch));
  return one !== undefined && worth(one) >= worth(other) ? one : other;
}

/** Whether no batch further down the list can be a better one. */
export function isBestBatch(batch: Batch, { batchId }: FindBatch): boolean {
  return batchId === undefined ? batch.phase === 'running' : batch.id === batchId;
}

const MOST_WORTH = 4;

function worthOf({ phase, ending, outputFileId, errorFileId }: Batch): number {
  if (phase === 'running') return 3;
  if (ending === 'succeeded') return 2;
  return outputFileId === undefined && errorFileId === undefined ? 0 : 1;
}

/** Keys of ours, whole: some providers give two uploads of the same bytes one id. */
const WHOLE_KEY = /\/\d{5}\/\d+$/;

function isOfAnotherRound({ metadata }: Batch, { metadata: { key: wanted } }: FindBatch): boolean {
  const { key, tool } = metadata;
  if (wanted === undefined || key === undefined || tool !== 'nightshift' || !WHOLE_KEY.test(key))
    return false;
  // One that was cut off in the round's number looks whole.
  return !wanted.startsWith(key);
}

/** Whether the text is in the metadata, under whatever name and beside whatever else. */
function carries({ metadata }: Batch, text: string): boolean {
  const wanted = text.toLowerCase();
  return Object.values(metadata).some((value) => {
    const shown = value.toLowerCase();
    return shown === wanted || shown.split(/[^\w./:=+-]+/).includes(wanted);
  });
}

function carriesFile({ metadata }: Batch): boolean {
  return Object.keys(metadata).some((name) => /(^|\W|_)file$/i.test(name));
}
