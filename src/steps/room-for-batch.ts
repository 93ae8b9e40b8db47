import { hasLetGo } from '../batches/let-go.ts';
import { hasRoom } from '../batches/room-rules.ts';
import { takeRoom } from '../batches/take-room.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import type { UploadedContext } from '../contract.ts';
import type { ProviderEdges } from '../edges.ts';
import { ProviderBusy } from '../errors.ts';

/** @throws ProviderBusy when as many batches as may are running at the provider, of this job or others. */
export async function waitForRoom(
  edges: ProviderEdges,
  context: UploadedContext,
  { maxBatches }: ResolvedProfile,
): Promise<void> {
  if (maxBatches === undefined) return;
  const { jobId, shard, round, provider } = context;
  const asking = { jobId, shard, round, tokens: 0, at: Math.floor(edges.clock.now() / 1_000) };
  const limits = { slots: maxBatches, tokensOf: () => undefined };
  const room = await takeRoom(edges, { provider: provider.name, asking, limits }, (holder) =>
    hasLetGo(edges, provider, holder),
  );
  if (hasRoom(room, asking)) return;
  throw new ProviderBusy(
    `All ${maxBatches} slots at the provider "${provider.name}" are taken; shard ${shard} of job ${jobId} waits for one.`,
  );
}
