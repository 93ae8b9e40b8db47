import { leaveRoom, recordRejection } from '../batches/take-room.ts';
import type { Job } from '../checkpoints/job.ts';
import type { ShardRef } from '../checkpoints/keys.ts';
import { freeOldSlot } from '../checkpoints/old-slots.ts';
import { readCollected } from '../checkpoints/round/collected.ts';
import { stoppedObject } from '../checkpoints/shard/shard-end.ts';
import type { CollectContext } from '../contract.ts';
import type { ProviderEdges } from '../edges.ts';
import { settleRound } from '../spending/settle-round.ts';
import type { RoundEnd } from './collect-by-ending.ts';

interface ReleasedRound {
  readonly round: number;
  readonly end: RoundEnd;
}

/**
 * Releases what a round has held: its room at the provider, and its reservation of money if it was not collected. A batch that is
 * left open keeps both, because it may still run and cost money.
 */
export async function releaseRound(
  edges: ProviderEdges,
  job: Job,
  context: CollectContext,
  { round, end }: ReleasedRound,
): Promise<void> {
  const { jobId, shard, planned } = context;
  const isOpen = end.next === 'stop' && (await hasOpenBatch(edges, context));
  if (!isOpen) await returnRoom(edges, job, context, { round, end });
  if ('requests' in end) return;
  await settleRound(edges.store, job, { jobId, shard, round, planned, isOpen, price: job.profile.price });
}

/** True if a stopped shard may have left its batch open. */
async function hasOpenBatch({ store }: ProviderEdges, ref: ShardRef): Promise<boolean> {
  return (await stoppedObject.read(store, ref))?.open !== undefined;
}

/**
 * Returns the room of a round. If the provider rejected its batch for too many enqueued tokens, records the limit, and the next
 * round requests room.
 */
async function returnRoom(
  edges: ProviderEdges,
  { profile: { model, maxBatches } }: Job,
  { jobId, shard, provider: { name } }: CollectContext,
  { end, round }: ReleasedRound,
): Promise<void> {
  const rejected = 'tokensRefused' in end && end.up === undefined ? end.tokensRefused : undefined;
  const now = Math.floor(edges.clock.now() / 1_000);
  if (rejected !== undefined && end.next === 'retry') {
    const isTooLarge = await isRejectedAgain(edges, { jobId, shard });
    const { limit } = rejected;
    const rejection = { jobId, shard, round, model, limit, isTooLarge, now, next: round + 1 };
    await recordRejection(edges, name, rejection);
  } else {
    const hadBatch = 'batch' in end && end.batch.batchId !== undefined;
    await leaveRoom(edges, name, { jobId, shard, round, endedAt: hadBatch ? now : undefined });
  }
  if (maxBatches !== undefined) await freeOldSlot(edges.store, name, { jobId, shard });
}

/** After this number of consecutive rounds with too many enqueued tokens, the file itself counts as too large. */
const REFUSED_ROUNDS = 3;

async function isRejectedAgain({ store }: ProviderEdges, ref: ShardRef): Promise<boolean> {
  const last = (await readCollected(store, ref)).slice(-REFUSED_ROUNDS);
  return last.length === REFUSED_ROUNDS && last.every(({ tokensRefused }) => tokensRefused !== undefined);
}
