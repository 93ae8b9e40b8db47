import type { RoundRef, ShardRef } from '../checkpoints/keys.ts';
import type { EnqueuedBatch, Room, RoomEntry } from '../checkpoints/room.ts';
import { enqueuedTokens, withLearned, type RoomLimits } from './room-limits.ts';

/** A round that asks for room; `at` is now. */
export type Asking = Omit<RoomEntry, 'since'>;

/**
 * If a waiting shard does not ask again within this many seconds, other shards get room first. A waiting shard asks again after
 * at most 15 minutes, and rewrites its entry once the entry is {@link SEEN_SECONDS} old.
 */
const SILENT_SECONDS = 1_800;
const SEEN_SECONDS = 300;

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

/** Adds a round to the holders regardless of the limits, because its batch exists. */
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

/** Sorts entries by the time of their first request for room; entries of the same second keep their order. */
export function inOrder(entries: readonly RoomEntry[]): RoomEntry[] {
  return entries.toSorted((a, b) => a.since - b.since);
}

/** Finds the entries of the same shard. */
export function isOf({ jobId, shard }: ShardRef): (entry: ShardRef) => boolean {
  return (entry) => entry.jobId === jobId && entry.shard === shard;
}
