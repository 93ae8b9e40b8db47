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
 * How long to search for the batch of a create without an answer before repeating the create, in seconds. A list may lag behind,
 * and another execution may be creating the batch at this moment. It is longer than a create waits for its answer (120 s).
 */
const LOST_CREATE_SECONDS = 180;

/** The same limit after a 429. A 429 means that no batch was created, but some providers had created one. */
const REJECTED_CREATE_SECONDS = 60;

/**
 * Delays of the searches after a create that the provider rejected, in milliseconds, each counted from the one before: 25 s in
 * all.
 */
const LOOKS_AFTER_REJECTION_MS = [0, 5_000, 20_000] as const;

/**
 * Searches for the batch of a create that an earlier call recorded in `creating.json`.
 * @returns undefined once the complete list has lacked it for long enough
 * @throws ProviderUnavailable or ProviderBusy while the batch may still appear
 */
export async function findLost(
  edges: ProviderEdges,
  context: UploadedContext,
  announced: CreateAnnouncement,
): Promise<Batch | undefined> {
  const search = await searchFor(edges, context, announced).catch((error: unknown) =>
    throwUndecided(context, error),
  );
  const { batch: found, candidates } = search;
  const isEarly = announced.at > 0 && (await isStillEarly(edges, context, { ...announced, candidates }));
  // If the batch found is dead, another batch of the same create may be running and not yet listed.
  if (found !== undefined && !(isEarly && isDead(found))) return reportFound(edges, context, found);
  if (isEarly) throw mayTurnUp(context, announced.refusedWith);
  // A rejection by the API itself is trusted: batches that look alike belong to other jobs.
  if (candidates.length > 0 && announced.refusedWith === undefined) throw undecided(context, candidates);
  return undefined;
}

/** Searches by metadata and input file; at a provider without them, by ids and number of requests. */
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

/** True while the batch may still appear. The time since the last search counts for at most half the limit. */
async function isStillEarly(
  { store, clock }: ProviderEdges,
  context: UploadedContext,
  announced: CreateAnnouncement,
): Promise<boolean> {
  const { at, refusedWith, lookedAt = at, waited = 0 } = announced;
  const patience = refusedWith === undefined ? LOST_CREATE_SECONDS : REJECTED_CREATE_SECONDS;
  const now = Math.floor(clock.now() / 1_000);
  const passed = Math.min(Math.max(0, now - lookedAt), patience / 2);
  const searched = { ...announced, lookedAt: now, waited: waited + passed };
  await creatingObject.write(store, context, searched);
  return searched.waited < patience;
}

/**
 * Handles a create that the provider rejected: searches for its batch before its rows fail or are sent again, because gateways
 * and proxies sometimes answer 4xx to creates that succeeded.
 * @returns undefined when the rejection can be trusted, or when the state machine repeats the create and then searches again
 * @throws ProviderUnavailable for a rejection that is not in the API's own format: it counts as a create without an answer
 */
export async function findDespite(
  edges: ProviderEdges,
  context: UploadedContext,
  announced: CreateAnnouncement,
  rejection: unknown,
): Promise<Batch | undefined> {
  if (isRepeated(rejection)) {
    await writeAnnouncement(edges, context, { ...announced, refusedWith: rejection.name });
    return undefined;
  }
  if (!isFinal(rejection)) return undefined;
  try {
    const found = await lookRepeatedly(edges, context, announced);
    if (found !== undefined) return reportFound(edges, context, found);
  } catch (error) {
    // The provider may also deny the account the list of batches. The announcement stays, so that a resume searches first.
    if (rejection instanceof ProviderDenied) return undefined;
    if (!hasNoList(error)) throw error;
    await writeAnnouncement(edges, context, { at: 0 });
    return undefined;
  }
  if (isUnexplained(rejection) && !(rejection instanceof ProviderDenied)) throw unclear(context, rejection);
  await writeAnnouncement(edges, context, { at: 0 });
  return undefined;
}

/** Overwrites `creating.json`. */
export async function writeAnnouncement(
  { store }: ProviderEdges,
  context: UploadedContext,
  announcement: CreateAnnouncement,
): Promise<void> {
  await creatingObject.write(store, context, announcement);
}

/**
 * The error that is thrown while it is unknown whether a create made a batch. Step Functions repeats the step, which searches
 * again.
 * @param refusedWith name of the error that the provider returned for the create, if any
 */
export function mayTurnUp({ jobId, shard, round, fileId }: UploadedContext, refusedWith?: string): Error {
  const message = `It is not known yet whether the batch of file ${fileId} (shard ${shard}, round ${round} of job ${jobId}) was created; the list of batches is read again.`;
  return refusedWith === 'ProviderBusy' ? new ProviderBusy(message) : new ProviderUnavailable(message);
}

/**
 * The announcement stays: the retry lists the batches again, and repeats the create only after the batch has been absent for long
 * enough.
 */
function unclear({ jobId, shard, round, fileId }: UploadedContext, rejection: Error): ProviderUnavailable {
  return new ProviderUnavailable(
    `${rejection.message} The answer is not an error in the API's format, so it may come from a proxy, and the batch of file ${fileId} (shard ${shard}, round ${round} of job ${jobId}) may have been created; the list of batches is read again.`,
    { cause: rejection },
  );
}

/**
 * The error that is thrown if more than one batch may belong to a create. Only their results show which one it is, so the
 * search waits until they have ended.
 */
function undecided(
  { jobId, shard, round }: UploadedContext,
  candidates: readonly string[],
): ProviderUnavailable {
  return new ProviderUnavailable(
    `The answer to the create of shard ${shard}, round ${round} of job ${jobId} was lost, and the provider does not show what a batch was created from. One of ${candidates.slice(0, 5).join(', ')} may be its batch; their results show which once they have ended. Resume the job then, or cancel them at the provider.`,
  );
}

async function lookRepeatedly(
  edges: ProviderEdges,
  context: UploadedContext,
  announced: CreateAnnouncement,
): Promise<Batch | undefined> {
  let found: Batch | undefined;
  for (const waitMs of LOOKS_AFTER_REJECTION_MS) {
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

function reportFound({ log }: ProviderEdges, { jobId, shard, round }: UploadedContext, batch: Batch): Batch {
  log('batch_found_again', { jobId, shard, round, batchId: batch.id });
  return batch;
}

/** True for a batch that ended without any file. */
function isDead({ ending, outputFileId, errorFileId }: Batch): boolean {
  return (
    ending !== undefined && ending !== 'succeeded' && outputFileId === undefined && errorFileId === undefined
  );
}

/** Errors after which the state machine repeats the create. */
function isRepeated(error: unknown): error is ProviderThrottled | ProviderBusy {
  return error instanceof ProviderThrottled || error instanceof ProviderBusy;
}

/** Errors after which the rows fail, the rows are sent again from another file, or the job stops. */
function isFinal(error: unknown): error is Error {
  return [ProviderRejected, ProviderDenied, ProviderNotFound, ProviderFileTooLarge].some(
    (rejection) => error instanceof rejection,
  );
}

function hasNoList(error: unknown): error is Error {
  return error instanceof ProviderRejected || error instanceof ProviderNotFound;
}

/** A rejected or unavailable list is no evidence that the batch is missing, so its rows neither fail nor are sent again. */
function throwUndecided({ jobId, shard, round, fileId }: UploadedContext, error: unknown): never {
  if (!hasNoList(error)) throw error;
  throw new ProviderUnavailable(
    `Without the list of batches it cannot be known whether the batch of file ${fileId} (shard ${shard}, round ${round} of job ${jobId}) was created: ${error.message}`,
    { cause: error },
  );
}
