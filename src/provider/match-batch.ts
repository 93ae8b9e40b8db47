import type { Batch, FindBatch } from './batch-provider.ts';

/**
 * True if a listed batch was created from the wanted file, or for the wanted round. Proxies change metadata: upper case,
 * truncated, renamed, merged with other keys, or as one text; some show another id for the file. Either the file or the round's
 * key is enough, in any field.
 * @param shown the batch as listed
 */
export function isWanted(batch: Batch, wanted: FindBatch, shown?: unknown): boolean {
  if (batch.id === wanted.batchId) return true;
  const marks = [...Object.entries(batch.metadata), ...textsOf(shown)];
  const { inputFileId = marks.find(([, text]) => text === wanted.inputFileId)?.[1] } = batch;
  if (inputFileId === wanted.inputFileId) return !isOfAnotherRound(batch, wanted);
  const { key, file } = wanted.metadata;
  if (key === undefined || !carries(marks, key)) return false;
  // An earlier run of the same job has the same key but another file.
  return carriesFile(marks, key) ? file !== undefined && carries(marks, file) : inputFileId === undefined;
}

/** A text in a batch object, with the name of its field. */
type Mark = readonly [name: string, text: string];

/** Deepest level of nested objects to search. */
const MAX_DEPTH = 4;

/** Every text of a batch object in any field. Our ids occur only in the input file and in the metadata. */
function textsOf(value: unknown, name = '', depth = 0): Mark[] {
  if (typeof value === 'string') return [[name, value]];
  if (typeof value !== 'object' || value === null || depth === MAX_DEPTH) return [];
  return Object.entries(value).flatMap(([field, each]) => textsOf(each, field, depth + 1));
}

/** The better batch to continue with: first a running one, then one with answers, then the one listed first. */
export function betterBatch(one: Batch | undefined, other: Batch, { batchId }: FindBatch): Batch {
  const worth = (batch: Batch): number => (batch.id === batchId ? MOST_WORTH : worthOf(batch));
  return one !== undefined && worth(one) >= worth(other) ? one : other;
}

/** True if no later batch of the list can be better. */
export function isBestBatch(batch: Batch, { batchId }: FindBatch): boolean {
  return batchId === undefined ? batch.phase === 'running' : batch.id === batchId;
}

const MOST_WORTH = 4;

function worthOf({ phase, ending, outputFileId, errorFileId }: Batch): number {
  if (phase === 'running') return 3;
  if (ending === 'succeeded') return 2;
  return outputFileId === undefined && errorFileId === undefined ? 0 : 1;
}

/** Matches only complete keys, because some providers give two uploads of the same bytes one id. */
const WHOLE_KEY = /\/\d{5}\/\d+$/;

function isOfAnotherRound({ metadata }: Batch, { metadata: { key: wanted } }: FindBatch): boolean {
  const { key, tool } = metadata;
  if (wanted === undefined || key === undefined || tool !== 'nightshift' || !WHOLE_KEY.test(key))
    return false;
  // A name that is cut off inside the round's number looks complete.
  return !wanted.startsWith(key);
}

/** True if the text is among the marks, under any name and with any surrounding text. */
function carries(marks: readonly Mark[], text: string): boolean {
  const wanted = text.toLowerCase();
  return marks.some(([, value]) => value.toLowerCase() === wanted || wordsOf(value).includes(wanted));
}

/** True if the marks name any input file: in a field of its own, or in a text with all of the metadata. */
function carriesFile(marks: readonly Mark[], key: string): boolean {
  const isInText = (words: readonly string[]): boolean =>
    words.includes(key.toLowerCase()) && words.includes('file');
  return marks.some(([name, text]) => FILE_NAME.test(name) || isInText(wordsOf(text)));
}

const FILE_NAME = /^(?!output|error|result)(?:.*[\W_])?file$/i;

const wordsOf = (text: string): string[] => text.toLowerCase().split(/[^\w./:=+-]+/);
