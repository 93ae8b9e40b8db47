import { secondsUntilRoom } from '../batches/forecast.ts';
import { hasLetGo } from '../batches/let-go.ts';
import { keepRoom, takeRoom, type WantedRoom } from '../batches/take-room.ts';
import { enqueuedTokens, roomLimitsOf, withLearned } from '../batches/room-limits.ts';
import { hasRoom, isOf } from '../batches/room-queue.ts';
import { roundKey } from '../checkpoints/keys.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import type { Room, RoomEntry } from '../checkpoints/room.ts';
import { uploadObject } from '../checkpoints/round/upload.ts';
import type { UploadedContext } from '../contract.ts';
import { counted, grouped } from '../text/counted.ts';
import type { ProviderEdges } from '../edges.ts';
import { ProviderBusy } from '../errors.ts';
import { tokensOfPart } from '../spending/estimate.ts';
import { reportProgress } from './report-progress.ts';

/**
 * Waits until there is room for the batch, by failing the call.
 * @throws ProviderBusy while the batches of all jobs leave no room at the provider
 */
export async function waitForRoom(
  edges: ProviderEdges,
  context: UploadedContext,
  profile: ResolvedProfile,
): Promise<void> {
  const wanted = await wantedRoom(edges, context, profile);
  const room = await takeRoom(edges, wanted, (holder) => hasLetGo(edges, context.provider, holder));
  if (hasRoom(room, wanted.asking)) return;
  const { jobId, shard, round, provider } = context;
  const waits = describeWait(room, wanted);
  const { status, ahead } = waits;
  const timeIn = (seconds: number): string => new Date(edges.clock.now() + seconds * 1_000).toISOString();
  const until = secondsUntilRoom(room, wanted);
  const progress = { round, status, ahead, ...(until !== undefined && { roomAt: timeIn(until) }) };
  await reportProgress(edges, context, { ...progress, polledAt: timeIn(0) });
  throw new ProviderBusy(
    `Shard ${shard} of job ${jobId} waits for room at the provider "${provider.name}": ${waits.reason}; ${counted(ahead, 'shard')} asked before it.`,
  );
}

/** Records room for a batch whose create got no answer: the batch exists, so it gets room whatever the limits are. */
export async function keepRoomOfFound(
  edges: ProviderEdges,
  context: UploadedContext,
  profile: ResolvedProfile,
): Promise<void> {
  await keepRoom(edges, await wantedRoom(edges, context, profile));
}

/** The room that a round's batch needs. */
export async function wantedRoom(
  edges: ProviderEdges,
  context: UploadedContext,
  profile: ResolvedProfile,
): Promise<WantedRoom> {
  const { jobId, shard, round, provider } = context;
  const tokens = await tokensOf(edges, context);
  const at = Math.floor(edges.clock.now() / 1_000);
  const asking = { jobId, shard, round, model: profile.model, tokens, at };
  return { provider: provider.name, asking, limits: roomLimitsOf(profile) };
}

/** Estimated input tokens of the upload. */
async function tokensOf({ store }: ProviderEdges, context: UploadedContext): Promise<number> {
  const upload = await uploadObject.read(store, context);
  const whole = await store.stat(roundKey(context, context.round, 'requests.jsonl'));
  const bytes = upload?.part?.bytes ?? whole?.bytes ?? 0;
  return tokensOfPart(context.planned, bytes);
}

/** The resource that a shard waits for, for a message. */
interface Wait {
  readonly status: string;
  readonly reason: string;
  readonly ahead: number;
}

function describeWait(room: Room, { asking, limits }: WantedRoom): Wait {
  const position = room.waiting.findIndex(isOf(asking));
  const before = room.waiting.slice(0, Math.max(0, position));
  const { slots = Infinity, tokensOf: limitOf } = withLearned(room, limits, asking.at);
  const limit = limitOf(asking.model);
  if (room.holders.length >= slots || limit === undefined)
    return { status: 'waiting for a slot', reason: slotReason(room, slots), ahead: before.length };
  const used = enqueuedTokens(room.holders, asking.model);
  const ofModel = before.filter(({ model }: RoomEntry) => model === asking.model);
  const whose = asking.model === undefined ? '' : ` of model "${asking.model}"`;
  const reason = `about ${grouped(used)} of ${grouped(limit)} tokens${whose} are enqueued, and it needs ${grouped(asking.tokens)}`;
  return { status: 'waiting for tokens', reason, ahead: ofModel.length };
}

/** The reason for waiting if a slot is free: an earlier shard in the queue may get it first. */
function slotReason({ holders }: Room, slots: number): string {
  if (holders.length < slots) return 'a slot is free, but earlier shards get it first';
  return slots === 1 ? 'its one slot is taken' : `its ${slots} slots are in use`;
}
