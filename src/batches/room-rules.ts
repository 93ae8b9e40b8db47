import type { RoundRef, ShardRef } from '../checkpoints/keys.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import {
  EMPTY_ROOM,
  type EnqueuedBatch,
  type LearnedLimit,
  type Room,
  type RoomEntry,
} from '../checkpoints/room.ts';

/** A round that asks for room; `at` is now. */
export type Asking = Omit<RoomEntry, 'since'>;

/** Limits of a provider. */
export interface RoomLimits {
  /** Most batches at the same time. */
  readonly slots?: number | undefined;
  /** Most input tokens of a model's queued and running batches; undefined if unknown. */
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
 * Longest silence of a waiting shard, in seconds; after it, other shards get room first. A waiting shard asks again after at most
 * 15 minutes, and rewrites its entry once that is {@link SEEN_SECONDS} old.
 */
const SILENT_SECONDS = 1_800;
const SEEN_SECONDS = 300;

/**
 * How long a limit that was learned from a rejection applies, in seconds. After that more tokens are tried, because the provider
 * may have raised the limit.
 */
const LEARNED_SECONDS = 6 * 3_600;

/**
 * Returns the room after a round has asked: the round gets room, or joins the queue. A round that has room keeps it. Rounds get
 * room in the order in which they asked: a small round does not overtake a large one that waits for tokens of the same model.
 * @returns undefined when the round waits and its entry is recent
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

/** Adds a round to the holders whatever the limits say, because its batch exists. */
export function holdRoom(room: Room, asking: Asking): Room {
  const isOther = (entry: RoomEntry): boolean => !isOf(asking)(entry);
  const since = room.waiting.find(isOf(asking))?.since ?? asking.at;
  const holders = [...room.holders.filter(isOther), { ...asking, since }];
  return { ...room, holders, waiting: room.waiting.filter(isOther) };
}

/** True if the round has room. */
export function hasRoom({ holders }: Room, { jobId, shard, round }: RoundRef): boolean {
  return holders.some((entry) => isOf({ jobId, shard })(entry) && entry.round === round);
}

/** True if no earlier round that waits could use this room. */
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

/** A batch that is larger than the limit runs alone: only the provider can decide that it is too large. */
function fitsInto(
  taken: readonly RoomEntry[],
  { model, tokens }: Pick<RoomEntry, 'model' | 'tokens'>,
  limit: number | undefined,
): boolean {
  const used = enqueuedTokens(taken, model);
  return limit === undefined || used === 0 || used + tokens <= limit;
}

/** Input tokens of a model's batches that hold room. */
export function enqueuedTokens(
  entries: readonly Pick<RoomEntry, 'model' | 'tokens'>[],
  model: string | undefined,
): number {
  return entries.reduce((sum, entry) => sum + (entry.model === model ? entry.tokens : 0), 0);
}

/** A provider's limits, lowered by the limits that rejections have shown. */
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

/** Adds batches that were created before a limit was known. */
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

/** True if any limit is known. */
export function isLimited(
  room: Room | undefined,
  { slots, tokensOf }: RoomLimits,
  { model, at }: Pick<Asking, 'model' | 'at'>,
): boolean {
  return (slots ?? withLearned(room ?? EMPTY_ROOM, { tokensOf }, at).tokensOf(model)) !== undefined;
}

/** Token estimates are off by up to a fifth, so a file that must fit uses this share of the limit. */
const PART_SHARE = 0.8;

/** True if a row has more tokens than may be enqueued, even with the largest error of its estimate. */
export function isSurelyBeyond(tokens: number, limit: number | undefined): boolean {
  return limit !== undefined && PART_SHARE * tokens > limit;
}

/** Most bytes of a file whose tokens must fit into the limit; undefined if the whole file fits, or no limit is known. */
export function bytesThatFit(
  room: Room | undefined,
  limits: RoomLimits,
  { model, tokens, at, bytes }: Pick<Asking, 'model' | 'tokens' | 'at'> & { readonly bytes: number },
): number | undefined {
  const lesson = room?.learned?.[model ?? ''];
  // A file that is larger than everything that other rounds have enqueued: only a named limit says how much of it fits.
  const named = lesson !== undefined && lesson.until > at ? lesson.named : undefined;
  const limit = Math.min(limits.tokensOf(model) ?? Infinity, named ?? Infinity);
  return tokens <= limit ? undefined : Math.floor((PART_SHARE * bytes * limit) / tokens);
}

/** How many durations of batches are kept. */
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

/** Removes holders that are known to have released their room. An entry that was rewritten since stays. */
export function withoutHolders(room: Room, gone: ReadonlySet<number>): Room {
  return gone.size === 0 ? room : { ...room, holders: room.holders.filter(({ nth }) => !gone.has(nth)) };
}

/**
 * The room after the host of all its shards has ended: the queue is empty, and each holder may have released its room. A resumed
 * shard asks again.
 * @returns undefined if nothing changes
 */
export function withoutHost(room: Room): Room | undefined {
  const { holders, waiting } = room;
  if (waiting.length === 0 && holders.every(({ left }) => left === true)) return undefined;
  return { ...room, waiting: [], holders: holders.map((entry) => ({ ...entry, left: true as const })) };
}

/** A refusal for too many enqueued tokens. */
export interface Refusal extends RoundRef {
  readonly model: string | undefined;
  /** The limit, if the provider named it. */
  readonly limit: number | undefined;
  /** True if the file itself must be too large: it was rejected many times while nothing else was enqueued. */
  readonly isTooLarge?: boolean;
  readonly now: number;
  /** The round that sends the same rows again. */
  readonly next: number;
}

/**
 * Returns the room after a provider rejected a batch: the round returns to its former position in the queue, and the limit is
 * lowered. The provider had accepted the tokens that other rounds have enqueued, but not those plus this batch.
 * @returns undefined if the rejection shows no limit, or one that is already known
 */
export function refuseRoom(room: Room, refusal: Refusal, nth: number): Room | undefined {
  const { jobId, shard, round, model, now, next } = refusal;
  const isSame = isOf(refusal);
  const held = room.holders.find((entry) => isSame(entry) && entry.round === round);
  if (held === undefined && room.waiting.some((entry) => isSame(entry) && entry.round >= next))
    return undefined;
  const holders = room.holders.filter((entry) => entry !== held);
  const { tokens = 0 } = held ?? {};
  const lesson = lessonOf(room, refusal, { others: enqueuedTokens(holders, model), mine: tokens });
  if (held === undefined && lesson === undefined) return undefined;
  const mine = { jobId, shard, round: next, model, tokens, since: held?.since ?? now, at: now, nth };
  const waiting = inOrder([...room.waiting.filter((entry) => !isSame(entry)), mine]);
  if (lesson === undefined) return { ...room, holders, waiting };
  const until = now + LEARNED_SECONDS;
  return { ...room, holders, waiting, learned: { ...room.learned, [model ?? '']: { ...lesson, until } } };
}

/**
 * The limit that a rejection shows: the limit that the provider names; if the batch was within it, the tokens that other rounds
 * have enqueued; if there are no others and the file is too large, half of the file.
 */
function lessonOf(
  { learned = {} }: Room,
  { model, limit, isTooLarge, now }: Refusal,
  { others, mine }: { readonly others: number; readonly mine: number },
): Omit<LearnedLimit, 'until'> | undefined {
  const named = limit === undefined ? {} : { named: limit };
  if (limit !== undefined && others + mine > limit) return { tokens: limit, ...named };
  const half = Math.max(1, Math.floor(mine / 2));
  if (isTooLarge === true && others === 0) return { tokens: half, named: half };
  const before = learned[model ?? ''];
  const known = before !== undefined && before.until > now ? before.tokens : Infinity;
  const least = Math.min(limit ?? Infinity, others || Infinity, known);
  return least === Infinity ? undefined : { tokens: least, ...named };
}

/** Sorted by the time of the first request for room; entries of the same second keep their order. */
function inOrder(entries: readonly RoomEntry[]): RoomEntry[] {
  return entries.toSorted((a, b) => a.since - b.since);
}

export function isOf({ jobId, shard }: ShardRef): (entry: ShardRef) => boolean {
  return (entry) => entry.jobId === jobId && entry.shard === shard;
}
