import type { RoundRef, ShardRef } from '../checkpoints/keys.ts';
import { freeOldSlot, readOldSlots, type OldSlot } from '../checkpoints/old-slots.ts';
import {
  changeRoom,
  deleteEnqueued,
  EMPTY_ROOM,
  enqueuedObject,
  readEnqueued,
  readRoom,
  type EnqueuedBatch,
  type Room,
  type RoomEntry,
} from '../checkpoints/room.ts';
import type { ProviderEdges } from '../edges.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import { enqueuedTokens, isLimited, type RoomLimits } from './room-limits.ts';
import {
  askForRoom,
  hasRoom,
  holdRoom,
  isOf,
  withEnqueued,
  withoutHolders,
  withoutRound,
} from './room-queue.ts';
import { roomAfterRejection, type RoomRejection } from './room-rejections.ts';

/** The edges that a change of the room uses. */
export type RoomEdges = Pick<ProviderEdges, 'store' | 'wait' | 'random'>;

/** A round that asks for room at a provider. */
export interface WantedRoom {
  readonly provider: string;
  readonly asking: EnqueuedBatch;
  readonly limits: RoomLimits;
}

/** Returns true if another holder is known to have released its room. */
export type HasLetGo = (holder: EnqueuedBatch | OldSlot) => Promise<boolean>;

/**
 * Takes room at a provider for a round's batch, or a position in the queue. All jobs share the room. A round that has room keeps
 * it. While no limit is known, the batch is only recorded, so that it counts once a limit is known.
 * @param hasLetGo called for the other holders by the first round in the queue
 * @returns the room after the change; `hasRoom` says whether the round has room
 */
export async function takeRoom(edges: RoomEdges, wanted: WantedRoom, hasLetGo: HasLetGo): Promise<Room> {
  const { store } = edges;
  const { provider, asking, limits } = wanted;
  const room = await readRoom(store, provider);
  if (!isLimited(room, limits, asking)) {
    await enqueuedObject.write(store, { provider, ...asking }, asking);
    return holdRoom(EMPTY_ROOM, { ...asking, nth: 0 });
  }
  const others = await readOthers(edges, wanted, room ?? EMPTY_ROOM);
  const seen = others.join(room ?? EMPTY_ROOM, 0);
  const asked = askForRoom(seen, { ...asking, nth: 0 }, others.limits(others.old.length)) ?? seen;
  const first = asked.waiting.find(({ model }) => model === asking.model);
  const isFirst = first !== undefined && isOf(asking)(first);
  const gone = isFirst ? await findGone(others, hasLetGo) : NOBODY;
  const left = others.old.filter((slot) => !gone.old.has(slot));
  const now = await change(edges, provider, asking, (before, nth) => {
    const joined = withoutHolders(others.join(before, nth, gone.enqueued), gone.holders);
    return askForRoom(joined, { ...asking, nth }, others.limits(left.length)) ?? changed(before, joined);
  });
  for (const slot of gone.old) await store.delete(slot.key);
  await settleOthers(edges, wanted, {
    ...others,
    enqueued: others.enqueued.filter((batch) => gone.enqueued.has(batch) || hasRoom(now, batch)),
  });
  return now;
}

const changed = (before: Room, after: Room): Room | undefined => (before === after ? undefined : after);

/** Holders of room that are recorded in objects of their own, not in the state of the room. */
interface Others {
  readonly holders: readonly RoomEntry[];
  readonly old: readonly OldSlot[];
  readonly enqueued: readonly EnqueuedBatch[];
  /** True if the shard itself has such records. */
  readonly own: { readonly old: boolean; readonly enqueued: boolean };
  /** Adds the batches of these records to the room. */
  join(room: Room, nth: number, without?: ReadonlySet<EnqueuedBatch>): Room;
  /** The limits that remain when the slots of earlier versions are subtracted. */
  limits(oldSlots: number): RoomLimits;
}

async function readOthers(
  { store }: RoomEdges,
  { provider, asking, limits }: WantedRoom,
  room: Room,
): Promise<Others> {
  const isSame = isOf(asking);
  const allOld = limits.slots === undefined ? [] : await readOldSlots(store, provider);
  const allEnqueued = await readEnqueued(store, provider);
  const old = allOld.filter((slot) => !isSame(slot));
  const enqueued = allEnqueued.filter((batch) => !isSame(batch));
  return {
    holders: room.holders.filter((entry) => !isSame(entry)),
    old,
    enqueued,
    own: { old: old.length < allOld.length, enqueued: enqueued.length < allEnqueued.length },
    join: (before, nth, without = new Set()) =>
      withEnqueued(
        before,
        enqueued.filter((batch) => !without.has(batch)),
        nth,
      ),
    limits: (oldSlots) =>
      limits.slots === undefined ? limits : { ...limits, slots: limits.slots - oldSlots },
  };
}

interface Gone {
  readonly holders: ReadonlySet<number>;
  readonly enqueued: ReadonlySet<EnqueuedBatch>;
  readonly old: ReadonlySet<OldSlot>;
}

const NOBODY: Gone = { holders: new Set(), enqueued: new Set(), old: new Set() };

async function findGone({ holders, enqueued, old }: Others, hasLetGo: HasLetGo): Promise<Gone> {
  const among = async <Holder extends EnqueuedBatch | OldSlot>(all: readonly Holder[]): Promise<Holder[]> => {
    const gone = await sideBySide(all, hasLetGo);
    return all.filter((_, n) => gone[n]);
  };
  return {
    holders: new Set((await among(holders)).map(({ nth }) => nth)),
    enqueued: new Set(await among(enqueued)),
    old: new Set(await among(old)),
  };
}

/** Deletes records whose batches the state of the room now contains. */
async function settleOthers(
  { store }: RoomEdges,
  { provider, asking }: WantedRoom,
  { enqueued, own }: Others,
): Promise<void> {
  for (const batch of enqueued) await deleteEnqueued(store, provider, batch);
  if (own.enqueued) await deleteEnqueued(store, provider, asking);
  if (own.old) await freeOldSlot(store, provider, asking);
}

/** Records that a round's batch exists, with or without room for it: the answer to its create was lost, and a search found it. */
export async function keepRoom(edges: RoomEdges, { provider, asking, limits }: WantedRoom): Promise<void> {
  const room = await readRoom(edges.store, provider);
  if (!isLimited(room, limits, asking))
    return enqueuedObject.write(edges.store, { provider, ...asking }, asking);
  await change(edges, provider, asking, (before, nth) => holdRoom(before, { ...asking, nth }));
}

/**
 * Makes a change that rewrites the round's entry. The entry's number then shows in any later state whether the change was made.
 */
async function change(
  edges: RoomEdges,
  provider: string,
  about: ShardRef,
  make: (before: Room, nth: number) => Room | undefined,
): Promise<Room> {
  const isSame = isOf(about);
  let last: number | undefined;
  return changeRoom(
    edges.store,
    provider,
    (before, nth) => {
      const isMade = [...before.holders, ...before.waiting].some((one) => isSame(one) && one.nth === last);
      if (isMade) return undefined;
      last = nth;
      return make(before, nth);
    },
    pauseOf(edges),
  );
}

/** Longest pause after another shard has changed the room first, in milliseconds per attempt. */
const PAUSE_MS = 50;
const MOST_PAUSE_MS = 2_000;

function pauseOf({ wait, random }: RoomEdges): (attempt: number) => Promise<void> {
  return (attempt) => wait(random() * Math.min(attempt * PAUSE_MS, MOST_PAUSE_MS));
}

/** A round that no longer needs room. */
export interface LeavingRound extends RoundRef {
  /** When its batch had ended, in seconds since 1970; undefined when it had none. */
  readonly endedAt: number | undefined;
}

/** Releases a round's room, or its position in the queue. */
export async function leaveRoom(
  edges: RoomEdges,
  provider: string,
  { endedAt, ...round }: LeavingRound,
): Promise<void> {
  await changeRoom(edges.store, provider, (before) => withoutRound(before, round, endedAt), pauseOf(edges));
  await deleteEnqueued(edges.store, provider, round);
}

/** Records that the provider rejected a round's batch because too many tokens are enqueued: {@link roomAfterRejection}. */
export async function recordRejection(
  edges: RoomEdges,
  provider: string,
  rejection: RoomRejection,
): Promise<void> {
  const { store } = edges;
  const enqueued = await readEnqueued(store, provider);
  const now = await change(edges, provider, rejection, (before, nth) =>
    roomAfterRejection(withEnqueued(before, enqueued, nth), rejection, nth),
  );
  for (const batch of enqueued)
    if (isOf(rejection)(batch) || hasRoom(now, batch)) await deleteEnqueued(store, provider, batch);
}

/** Recorded input tokens of a model that other rounds have enqueued at a provider. */
export async function tokensOfOthers(
  { store }: Pick<RoomEdges, 'store'>,
  provider: string,
  asking: ShardRef & Pick<RoomEntry, 'model'>,
): Promise<number> {
  const { holders } = withEnqueued(
    (await readRoom(store, provider)) ?? EMPTY_ROOM,
    await readEnqueued(store, provider),
    0,
  );
  const isSame = isOf(asking);
  return enqueuedTokens(
    holders.filter((entry) => !isSame(entry)),
    asking.model,
  );
}
