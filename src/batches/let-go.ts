import { batchObject, creatingObject, type BatchCheckpoint } from '../checkpoints/round/batch-checkpoint.ts';
import type { ShardStep } from '../checkpoints/round/collected.ts';
import { jobObject, type Job } from '../checkpoints/job.ts';
import { shardKey, type RoundRef, type ShardRef } from '../checkpoints/keys.ts';
import { progressObject } from '../checkpoints/shard/progress.ts';
import { stoppedObject } from '../checkpoints/shard/shard-end.ts';
import { findRound } from '../checkpoints/shard/shard-rounds.ts';
import { uploadObject } from '../checkpoints/round/upload.ts';
import type { ProviderEdges } from '../edges.ts';
import { isProviderError } from '../errors.ts';
import type { ProviderSettings } from '../provider/batch-provider.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { lookAtBatch } from './look-at-batch.ts';

/**
 * Longest time, in seconds, in which a shard that has room but no batch may record nothing. A shard that waits for room asks
 * again every 15 minutes, and records that.
 */
const SILENT_SECONDS = 3_600;

/** How late a poll may be, in seconds. */
const LATE_SECONDS = 900;

/** A round that has room at a provider. Slots of earlier versions have no `round`. */
export interface RoomHolder extends ShardRef {
  readonly round?: number;
  readonly at?: number | undefined;
  /** True if the host that ran the shard has ended. */
  readonly left?: true;
}

/**
 * True if a holder's room is free again: its round was collected, its shard or its batch has ended, or its job was killed before
 * the create. A job whose host or execution has ended never returns its room, and neither does a shard that stopped and left its
 * batch open. Missing information is not evidence: if the state cannot be read, the room stays taken.
 */
export async function hasLetGo(
  edges: ProviderEdges,
  provider: ProviderSettings,
  holder: RoomHolder,
): Promise<boolean> {
  const { store, clock } = edges;
  const now = clock.now() / 1_000;
  if ((await store.stat(shardKey(holder, 'done.json'))) !== undefined) return true;
  const job = await jobObject.read(store, holder.jobId);
  // The job was removed from the bucket.
  if (job === undefined) return true;
  const { round, step } = await findRound(store, holder);
  if (holder.round === undefined ? providerAt(job, step) !== provider.name : holder.round < round)
    return true;
  const batch = await batchObject.read(store, { ...holder, round });
  if (batch !== undefined) {
    if (holder.left !== true && (await isWatched(store, { ...holder, round }, now))) return false;
    return hasBatchEnded(edges, provider, { ...holder, round, ...batch });
  }
  const stopped = await stoppedObject.read(store, holder);
  if (stopped !== undefined && stopped.open === undefined) return true;
  const creating = await creatingObject.read(store, { ...holder, round });
  // An announced create may have made a batch, even if the host has ended.
  if (holder.left === true && (creating?.at ?? 0) === 0) return true;
  const lastSeen = Math.max(holder.at ?? 0, creating?.at ?? 0);
  return now - lastSeen > SILENT_SECONDS;
}

/** The provider of the given step of the job's ladder. */
function providerAt({ profile }: Job, step: ShardStep | undefined): string {
  const taken = step === undefined ? undefined : profile.then?.[step.nth - 1];
  return (taken ?? profile).provider.name;
}

/**
 * True if the batch's polls are on time. Then its own shard notices the end of the batch first, and no other shard needs to
 * check.
 */
async function isWatched(store: ObjectStore, { round, ...ref }: RoundRef, now: number): Promise<boolean> {
  const progress = await progressObject.read(store, ref);
  if (progress?.round !== round || progress.nextPollAt === undefined) return false;
  return now - Date.parse(progress.nextPollAt) / 1_000 < LATE_SECONDS;
}

type BatchOfRoom = RoundRef & Pick<BatchCheckpoint, 'batchId' | 'fileId'>;

async function hasBatchEnded(
  edges: ProviderEdges,
  provider: ProviderSettings,
  batch: BatchOfRoom,
): Promise<boolean> {
  const { store } = edges;
  const upload = await uploadObject.read(store, batch);
  const fileId = batch.fileId ?? upload?.fileId ?? '';
  try {
    const look = await lookAtBatch(edges, { ...batch, provider, fileId });
    return look.batch === undefined ? look.isAbsent : look.batch.phase === 'ended';
  } catch (error) {
    if (!isProviderError(error)) throw error;
    return false;
  }
}
