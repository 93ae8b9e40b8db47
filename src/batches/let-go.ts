import { uploadObject } from '../checkpoints/upload.ts';
import { batchObject, creatingObject, type BatchCheckpoint } from '../checkpoints/batch-checkpoint.ts';
import { jobKey, shardKey } from '../checkpoints/keys.ts';
import { findRound } from '../checkpoints/shard-rounds.ts';
import type { Slot } from '../checkpoints/slots.ts';
import type { ProviderEdges } from '../edges.ts';
import { isProviderError } from '../errors.ts';
import { stoppedObject } from '../checkpoints/shard-end.ts';
import type { ProviderSettings } from '../provider/batch-provider.ts';
import { lookAtBatch } from './look-at-batch.ts';

/**
 * How long a shard that has a slot and no batch may be silent, in seconds. One that waits for room at the provider tries again
 * every 15 minutes and writes that down.
 */
const SILENT_SECONDS = 3_600;

/**
 * Whether a slot is free again: its shard has ended, its batch has, or its holder died before it had one. Nobody gives back
 * the slot of a job whose host or execution is gone, nor that of a shard that stopped and left its batch open. What cannot be seen
 * is no evidence: the slot stays taken.
 */
export async function hasLetGo(
  edges: ProviderEdges,
  provider: ProviderSettings,
  slot: Slot,
): Promise<boolean> {
  const { store, clock } = edges;
  if ((await store.stat(shardKey(slot, 'done.json'))) !== undefined) return true;
  // Somebody removed the job.
  if ((await store.stat(jobKey(slot.jobId))) === undefined) return true;
  const { round } = await findRound(store, slot);
  const batch = await batchObject.read(store, { ...slot, round });
  if (batch !== undefined) return hasBatchEnded(edges, provider, { ...slot, round, ...batch });
  const stopped = await stoppedObject.read(store, slot);
  if (stopped !== undefined && stopped.open === undefined) return true;
  const creating = await creatingObject.read(store, { ...slot, round });
  const lastSeen = Math.max(slot.at ?? 0, creating?.at ?? 0);
  return clock.now() / 1_000 - lastSeen > SILENT_SECONDS;
}

type BatchOfSlot = Slot & Pick<BatchCheckpoint, 'batchId' | 'fileId'> & { readonly round: number };

async function hasBatchEnded(
  edges: ProviderEdges,
  provider: ProviderSettings,
  batch: BatchOfSlot,
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
