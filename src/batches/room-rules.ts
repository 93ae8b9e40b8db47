import type { RoundRef, ShardRef } from '../checkpoints/keys.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import { EMPTY_ROOM, type EnqueuedBatch, type Room, type RoomEntry } from '../checkpoints/room.ts';

/** A round that asks for room; `at` is now. */
export type Asking = Omit<RoomEntry, 'since'>;

/** What a provider takes. */
export interface RoomLimits {
  /** Most batches at the same time. */
  readonly slots?: number | undefined;
  /** Most input tokens of a model's batches that are queued or running; undefined where it is not known. */
  readonly tokensOf: (model: string | undefined) => number | undefined;
}

/** The limits of a profile's provider. */
export function roomLimitsOf({
  maxBatches,
  enqueuedTokens: limit,
}: Pick<ResolvedProfile, 'maxBatches' | 'enqueuedTokens'>): RoomLimits {
  const tokensOf = (model: string | undefined): number | undefined =>
    typeof limit === 'object' ? limit[model ?? ''] : limit;
  return { slots: maxBatches, tokensOf };
}

/**
 * How long a waiting shard may be silent, in seconds, before the others go ahead of it. It asks again after at most 15 minutes, and
 * is written anew when it was last written {@link SEEN_SECONDS} ago.
 */
const SILENT_SECONDS = 1_800;
const SEEN_SECONDS = 300;

/** How long what a refusal taught holds, in seconds: then more is tried, for a limit may be raised. */
const LEARNED_SECONDS = 6 * 3_600;

/**
 * The room once a round has asked: it has some, or it waits at its turn. A round that has room keeps it. Rounds get room in the order
 * in which they asked: a small one does not go ahead of a large one that waits for tokens of the same model.
 * @returns undefined when the round waits and that is written down already
 */
export function askForRoom(room: Room, asking: Asking, limits: RoomLimits): Room | undefined {
  const { at } = asking;
  const isSame = isOf(asking);
  const held = room.holders.find((entry) => isSame(entry) && entry.round === asking.round);
  const before = held ?? room.waiting.find(isSame);
  const mine = { ...asking, since: before?.since ?? at };
  const holders = room.holders.filter((entry) => !isSame(entry));
  const others = room.waiting.filter((entry) => !isSame(entry));
  if (held !== undefined) return { ...room, holders: [...holders, mine], waiting: others };
  const known = room.waiting.map((entry) => (isSame(entry) ? mine : entry));
  const all = known.includes(mine) ? known : inOrder([...known, mine]);
  const queue = all.filter((entry) => at - entry.at <= SILENT_SECONDS);
  if (hasTurn(holders, queue, mine, withLearned(room, limits, at)))
    return { ...room, holders: [...holders, mine], waiting: queue.filter((entry) => entry !== mine) };
  const isKnown =
    before !== undefined && at - before.at < SEEN_SECONDS && holders.length === room.holders.length;
  return isKnown ? undefined : { ...room, holders, waiting: queue };
}

/** The room with a round that has some, whatever the limits say: its batch exists. */
export function holdRoom(room: Room, asking: Asking): Room {
  const isOther = (entry: RoomEntry): boolean => !isOf(asking)(entry);
  const since = room.waiting.find(isOf(asking))?.since ?? asking.at;
  const holders = [...room.holders.filter(isOther), { ...asking, since }];
  return { ...room, holders, waiting: room.waiting.filter(isOther) };
}

/** Whether a round has room there. */
export function hasRoom({ holders }: Room, { jobId, shard, round }: RoundRef): boolean {
  return holders.some((entry) => isOf({ jobId, shard })(entry) && entry.round === round);
}

/** Those before it get their room first, as far as there is some for them. */
function hasTurn(
  holders: readonly RoomEntry[],
  queue: readonly RoomEntry[],
  mine: RoomEntry,
  { slots = Infinity, tokensOf }: RoomLimits,
): boolean {
  const taken = [...holders];
  const full = new Set<string | undefined>();
  for (const entry of queue) {
    const isFull = taken.length >= slots;
    const fits = !isFull && !full.has(entry.model) && fitsInto(taken, entry, tokensOf(entry.model));
    if (entry === mine) return fits;
    if (fits) taken.push(entry);
    else full.add(entry.model);
  }
  return false;
}

/** A batch that is larger than the limit goes alone: only the provider can say that it is too large. */
function fitsInto(
  taken: readonly RoomEntry[],
  { model, tokens }: Pick<RoomEntry, 'model' | 'tokens'>,
  limit: number | undefined,
): boolean {
  const used = enqueuedTokens(taken, model);
  return limit === undefined || used === 0 || used + tokens <= limit;
}

/** Tokens of a model's batches. */
export function enqueuedTokens(
  entries: readonly Pick<RoomEntry, 'model' | 'tokens'>[],
  model: string | undefined,
): number {
  return entries.reduce((sum, entry) => sum + (entry.model === model ? entry.tokens : 0), 0);
}

/** A provider's limits with what refusals have taught. */
export function withLearned(
  { learned = {} }: Room,
  { slots, tokensOf }: RoomLimits,
  now: number,
): RoomLimits {
  return {
    slots,
    tokensOf: (model) => {
      const lesson = learned[model ?? ''];
      const known = tokensOf(model);
      return lesson === undefined || lesson.until <= now ? known : Math.min(known ?? Infinity, lesson.tokens);
    },
  };
}

/** The room with batches that were created before a limit was known. */
export function withEnqueued(room: Room, batches: readonly EnqueuedBatch[], nth: number): Room {
  const fresh = batches.filter((batch) => !hasRoom(room, batch));
  if (fresh.length === 0) return room;
  const waiting = room.waiting.filter((entry) => !fresh.some(isOf(entry)));
  return {
    ...room,
    waiting,
    holders: [...room.holders, ...fresh.map((batch) => ({ ...batch, since: batch.at, nth }))],
  };
}

/** Whether a limit is known at all. */
export function isLimited(
  room: Room | undefined,
  { slots, tokensOf }: RoomLimits,
  { model, at }: Pick<Asking, 'model' | 'at'>,
): boolean {
  return (slots ?? withLearned(room ?? EMPTY_ROOM, { tokensOf }, at).tokensOf(model)) !== undefined;
}

/** Estimates of tokens are within a fifth; a part that has to fit leaves so much of the limit. */
const PART_SHARE = 0.8;

/** Most bytes of a file whose tokens have to fit into a limit by themselves; undefined where all of it fits, or no limit is known. */
export function bytesThatFit(
  room: Room | undefined,
  limits: RoomLimits,
  { model, tokens, at, bytes }: Pick<Asking, 'model' | 'tokens' | 'at'> & { readonly bytes: number },
): number | undefined {
  const lesson = room?.learned?.[model ?? ''];
  // What others have enqueued says little of a file that is larger than all of that.
  const named = lesson !== undefined && lesson.until > at ? lesson.named : undefined;
  const limit = Math.min(limits.tokensOf(model) ?? Infinity, named ?? Infinity);
  return tokens <= limit ? undefined : Math.floor((PART_SHARE * bytes * limit) / tokens);
}

/** Batches whose time is kept. */
const RECENT = 20;

/**
 * The room without a shard's rounds up to this one; undefined when it had none.
 * @param endedAt when the round's batch had ended, in seconds since 1970; undefined when it had none
 */
export function withoutRound(
  room: Room,
  { jobId, shard, round }: RoundRef,
  endedAt: number | undefined,
): Room | undefined {
  const held = room.holders.find((entry) => isOf({ jobId, shard })(entry) && entry.round === round);
  const took = held === undefined || endedAt === undefined ? [] : [Math.max(0, endedAt - held.at)];
  const recent = [...(room.recent ?? []), ...took].slice(-RECENT);
  const stays = (entry: RoomEntry): boolean => !isOf({ jobId, shard })(entry) || entry.round > round;
  const [holders, waiting] = [room.holders.filter(stays), room.waiting.filter(stays)];
  return holders.length === room.holders.length && waiting.length === room.waiting.length
    ? undefined
    : { ...room, holders, waiting, ...(recent.length > 0 && { recent }) };
}

/** The room without holders that are known to have let go; one that was written anew since stays. */
export function withoutHolders(room: Room, gone: ReadonlySet<number>): Room {
  return gone.size === 0 ? room : { ...room, holders: room.holders.filter(({ nth }) => !gone.has(nth)) };
}

/**
 * The room once the host of all its shards has ended: nobody waits any more, and whoever has room may have let go. A shard that is
 * resumed asks again.
 * @returns undefined when nothing changes
 */
export function withoutHost(room: Room): Room | undefined {
  const { holders, waiting } = room;
  if (waiting.length === 0 && holders.every(({ left }) => left === true)) return undefined;
  return { ...room, waiting: [], holders: holders.map((entry) => ({ ...entry, left: true as const })) };
}

/** A refusal for too many enqueued tokens. */
export interface Refusal extends RoundRef {
  readonly model: string | undefined;
  /** The limit, where the provider names it. */
  readonly limit: number | undefined;
  readonly now: number;
  /** The round that asks for the same rows again. */
  readonly next: number;
}

/**
 * The room once a provider has refused a batch: the round waits again, where it stood before, and the limit is as the refusal
 * taught it. What the others have enqueued was taken, and so much more was not.
 * @returns undefined when there is nothing to learn, or it is known
 */
export function refuseRoom(room: Room, refusal: Refusal, nth: number): Room | undefined {
  const { jobId, shard, round, model, now, next } = refusal;
  const isSame = isOf(refusal);
  const held = room.holders.find((entry) => isSame(entry) && entry.round === round);
  if (held === undefined && room.waiting.some((entry) => isSame(entry) && entry.round >= next))
    return undefined;
  const holders = room.holders.filter((entry) => entry !== held);
  const { tokens = 0 } = held ?? {};
  const limit = lessonOf(room, refusal, { others: enqueuedTokens(holders, model), mine: tokens });
  if (held === undefined && limit === undefined) return undefined;
  const mine = { jobId, shard, round: next, model, tokens, since: held?.since ?? now, at: now, nth };
  const waiting = inOrder([...room.waiting.filter((entry) => !isSame(entry)), mine]);
  if (limit === undefined) return { ...room, holders, waiting };
  const named = refusal.limit === undefined ? {} : { named: refusal.limit };
  const lesson = { tokens: limit, ...named, until: now + LEARNED_SECONDS };
  return { ...room, holders, waiting, learned: { ...room.learned, [model ?? '']: lesson } };
}

/** The limit that a refusal shows: the one that the provider names, or, where that cannot be all, what others have enqueued. */
function lessonOf(
  { learned = {} }: Room,
  { model, limit, now }: Refusal,
  { others, mine }: { readonly others: number; readonly mine: number },
): number | undefined {
  if (limit !== undefined && others + mine > limit) return limit;
  const before = learned[model ?? ''];
  const known = before !== undefined && before.until > now ? before.tokens : Infinity;
  const least = Math.min(limit ?? Infinity, others || Infinity, known);
  return least === Infinity ? undefined : least;
}

/** By the time of asking first; those of one second as they came. */
function inOrder(entries: readonly RoomEntry[]): RoomEntry[] {
  return entries.toSorted((a, b) => a.since - b.since);
}

export function isOf({ jobId, shard }: ShardRef): (entry: ShardRef) => boolean {
  return (entry) => entry.jobId === jobId && entry.shard === shard;
}
