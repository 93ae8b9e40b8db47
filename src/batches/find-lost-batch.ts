import { creatingObject, type CreateAnnouncement } from '../checkpoints/round/batch-checkpoint.ts';
import type { UploadedContext } from '../contract.ts';
import type { ProviderEdges } from '../edges.ts';
import {
  ProviderBusy,
  ProviderDenied,
  ProviderNotFound,
  ProviderRejected,
  ProviderThrottled,
  ProviderFileTooLarge,
  ProviderUnavailable,
} from '../errors.ts';
import type { Batch } from '../provider/batch-provider.ts';
import { isUnexplained } from '../provider/errors/unexplained-rejections.ts';
import { batchMetadata } from './batch-metadata.ts';
import { findUnmarked, type Search } from './unmarked-batches.ts';

/**
 * How long a batch whose create got no answer is looked for before it is created again, in seconds. A list may lag behind, and
 * another execution may be creating the batch at this moment. Longer than a create waits for its answer (120 s).
 */
const LOST_CREATE_SECONDS = 180;

/** The same when the provider answered that it takes no batch now (429): such an answer was seen after a batch was created. */
const REFUSED_CREATE_SECONDS = 60;

/** Looks at the list after a create that the provider refused, in milliseconds after one another: 25 s in all. */
const LOOKS_AFTER_REFUSAL_MS = [0, 5_000, 20_000] as const;

/**
 * Looks for the batch of a create that was announced before.
 * @returns undefined when the complete list does not have it, for long enough
 * @throws ProviderUnavailable or ProviderBusy while the batch may still turn up
 */
export async function findLost(
  edges: ProviderEdges,
  context: UploadedContext,
  announced: CreateAnnouncement,
): Promise<Batch | undefined> {
  const search = await searchFor(edges, context, announced).catch((error: unknown) =>
    refuseToGuess(context, error),
  );
  const { batch: found, candidates } = search;
  const isEarly = announced.at > 0 && (await isStillEarly(edges, context, { ...announced, candidates }));
  // One that is dead may be the twin of one that runs and is not listed yet.
  if (found !== undefined && !(isEarly && isDead(found))) return tell(edges, context, found);
  if (isEarly) throw mayTurnUp(context, announced.refusedWith);
  // A provider that answers that it takes none now is believed rather than waiting for batches of others.
  if (candidates.length > 0 && announced.refusedWith === undefined) throw undecided(context, candidates);
  return undefined;
}

/** By what batches show; else by their ids and the number of their requests. */
async function searchFor(
  edges: ProviderEdges,
  context: UploadedContext,
  announced: CreateAnnouncement,
): Promise<Search> {
  return (
    (await findUnmarked(edges, context, announced)) ?? {
      batch: await lookFor(edges, context),
      candidates: [],
    }
  );
}

/** Whether the batch may still turn up. What has passed since the look before counts by half the patience at most. */
async function isStillEarly(
  { store, clock }: ProviderEdges,
  context: UploadedContext,
  announced: CreateAnnouncement,
): Promise<boolean> {
  const { at, refusedWith, lookedAt = at, waited = 0 } = announced;
  const patience = refusedWith === undefined ? LOST_CREATE_SECONDS : REFUSED_CREATE_SECONDS;
  const now = Math.floor(clock.now() / 1_000);
  const passed = Math.min(Math.max(0, now - lookedAt), patience / 2);
  const searched = { ...announced, lookedAt: now, waited: waited + passed };
  await creatingObject.write(store, context, searched);
  return searched.waited < patience;
}

/**
 * A create that the provider refused: looks for its batch all the same before its rows fail or are sent again. Gateways and
 * proxies answer 4xx to creates that went through.
 * @returns undefined when the refusal is to be believed, or the machine repeats the create and looks then
 * @throws ProviderUnavailable for a refusal that is not the API's own: it counts as a create without an answer
 */
export async function findDespite(
  edges: ProviderEdges,
  context: UploadedContext,
  announced: CreateAnnouncement,
  refusal: unknown,
): Promise<Batch | undefined> {
  if (isRepeated(refusal)) {
    await writeAnnouncement(edges, context, { ...announced, refusedWith: refusal.name });
    return undefined;
  }
  if (!isFinal(refusal)) return undefined;
  try {
    const found = await lookRepeatedly(edges, context, announced);
    if (found !== undefined) return tell(edges, context, found);
  } catch (error) {
    // The account is denied its list, too. The announcement stays: a resume looks first.
    if (refusal instanceof ProviderDenied) return undefined;
    if (!hasNoList(error)) throw error;
    await writeAnnouncement(edges, context, { at: 0 });
    return undefined;
  }
  if (isUnexplained(refusal) && !(refusal instanceof ProviderDenied)) throw unclear(context, refusal);
  await writeAnnouncement(edges, context, { at: 0 });
  return undefined;
}

/** Writes `creating.json` over the one that is there. */
export async function writeAnnouncement(
  { store }: ProviderEdges,
  context: UploadedContext,
  announcement: CreateAnnouncement,
): Promise<void> {
  await creatingObject.write(store, context, announcement);
}

/** @param refusedWith the error that the provider answered the create with, if it did */
export function mayTurnUp({ jobId, shard, round, fileId }: UploadedContext, refusedWith?: string): Error {
  const message = `It is not known yet whether the batch of file ${fileId} (shard ${shard}, round ${round} of job ${jobId}) was created; the list of batches is read again.`;
  return refusedWith === 'ProviderBusy' ? new ProviderBusy(message) : new ProviderUnavailable(message);
}

/** The announcement stays: the list is read again, and the create repeated only when it does not have the batch for long enough. */
function unclear({ jobId, shard, round, fileId }: UploadedContext, refusal: Error): ProviderUnavailable {
  return new ProviderUnavailable(
    `${refusal.message} The answer does not say in the API's form what is wrong, so it may come from a proxy, and the batch of file ${fileId} (shard ${shard}, round ${round} of job ${jobId}) may have been created; the list of batches is read again.`,
    { cause: refusal },
  );
}

/** Batches came after the create that may be its own: until they have ended nobody can tell. */
function undecided(
  { jobId, shard, round }: UploadedContext,
  candidates: readonly string[],
): ProviderUnavailable {
  return new ProviderUnavailable(
    `The answer to the create of shard ${shard}, round ${round} of job ${jobId} was lost, and the provider does not show what a batch was created from. One of ${candidates.slice(0, 5).join(', ')} may be its batch; their results tell once they have ended. Resume the job then, or cancel them at the provider.`,
  );
}

async function lookRepeatedly(
  edges: ProviderEdges,
  context: UploadedContext,
  announced: CreateAnnouncement,
): Promise<Batch | undefined> {
  let found: Batch | undefined;
  for (const waitMs of LOOKS_AFTER_REFUSAL_MS) {
    if (waitMs > 0) await edges.wait(waitMs);
    found = (await searchFor(edges, context, announced)).batch ?? found;
    if (found !== undefined && !isDead(found)) return found;
  }
  return found;
}

function lookFor(edges: ProviderEdges, context: UploadedContext): Promise<Batch | undefined> {
  const wanted = { inputFileId: context.fileId, metadata: batchMetadata(context) };
  return edges.provider(context.provider).findBatch(wanted);
}

function tell({ log }: ProviderEdges, { jobId, shard, round }: UploadedContext, batch: Batch): Batch {
  log('batch_found_again', { jobId, shard, round, batchId: batch.id });
  return batch;
}

/** It ended and brought nothing. */
function isDead({ ending, outputFileId, errorFileId }: Batch): boolean {
  return (
    ending !== undefined && ending !== 'succeeded' && outputFileId === undefined && errorFileId === undefined
  );
}

/** The machine repeats the create after these. */
function isRepeated(error: unknown): error is ProviderThrottled | ProviderBusy {
  return error instanceof ProviderThrottled || error instanceof ProviderBusy;
}

/** After these, rows fail, are sent again from another file, or the job stops. */
function isFinal(error: unknown): error is Error {
  return [ProviderRejected, ProviderDenied, ProviderNotFound, ProviderFileTooLarge].some(
    (refusal) => error instanceof refusal,
  );
}

function hasNoList(error: unknown): error is Error {
  return error instanceof ProviderRejected || error instanceof ProviderNotFound;
}

/** A refused or missing list does not tell that the batch is missing: its rows neither fail nor are sent again. */
function refuseToGuess({ jobId, shard, round, fileId }: UploadedContext, error: unknown): never {
  if (!hasNoList(error)) throw error;
  throw new ProviderUnavailable(
    `Without the list of batches it cannot be known whether the batch of file ${fileId} (shard ${shard}, round ${round} of job ${jobId}) was created: ${error.message}`,
    { cause: error },
  );
}
