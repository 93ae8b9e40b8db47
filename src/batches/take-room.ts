import type { RoundRef, ShardRef } from '../checkpoints/keys.ts';
import { freeOldSlot, readOldSlots, type OldSlot } from '../checkpoints/old-slots.ts';
import { changeRoom, EMPTY_ROOM, readRoom, type Room, type RoomEntry } from '../checkpoints/room.ts';
import type { ProviderEdges } from '../edges.ts';
import { sideBySide } from '../side-by-side.ts';
import {
  askForRoom,
  hasRoom,
  isOf,
  refuseRoom,
  withoutHolders,
  withoutRound,
  type Asking,
  type Refusal,
  type RoomLimits,
} from './room-rules.ts';

/** What a change of the room uses. */
export type RoomEdges = Pick<ProviderEdges, 'store' | 'wait' | 'random'>;

/** A round that asks for room at a provider. */
export interface WantedRoom {
  readonly provider: string;
  readonly asking: Omit<Asking, 'nth'>;
  readonly limits: RoomLimits;
}

/**
 * Takes room at a provider for a round's batch, among all jobs together, or a position among those who wait. A round that has
 * room keeps it.
 * @param hasLetGo asked about the other holders, by the first of those who wait
 * @returns the room as it is then: {@link hasRoom} tells which
 */
export async function takeRoom(
  edges: RoomEdges,
  { provider, asking, limits }: WantedRoom,
  hasLetGo: (holder: RoomEntry | OldSlot) => Promise<boolean>,
): Promise<Room> {
  const { store } = edges;
  const isSame = isOf(asking);
  const old = limits.slots === undefined ? [] : await readOldSlots(store, provider);
  const others = old.filter((slot) => !isSame(slot));
  const fewer = (taken: number): RoomLimits =>
    limits.slots === undefined ? limits : { ...limits, slots: limits.slots - taken };
  const room = (await readRoom(store, provider)) ?? EMPTY_ROOM;
  const seen = askForRoom(room, { ...asking, nth: 0 }, fewer(others.length)) ?? room;
  const first = seen.waiting.find(({ model }) => model === asking.model);
  const lookFor = first !== undefined && isSame(first) ? hasLetGo : () => Promise.resolve(false);
  const holders = room.holders.filter((entry) => !isSame(entry));
  const freed = await sideBySide(others, lookFor);
  for (const [n, slot] of others.entries()) if (freed[n] === true) await store.delete(slot.key);
  const left = await sideBySide(holders, lookFor);
  const gone = new Set(holders.flatMap(({ nth }, n) => (left[n] === true ? [nth] : [])));
  const taken = others.length - freed.filter((isFree) => isFree).length;
  const now = await ask(edges, provider, asking, (before, nth) =>
    askForRoom(withoutHolders(before, gone), { ...asking, nth }, fewer(taken)),
  );
  if (others.length < old.length && hasRoom(now, asking)) await freeOldSlot(store, provider, asking);
  return now;
}

/** A round that asks is written anew each time: a later look at the room finds by the number that its change was made. */
async function ask(
  edges: RoomEdges,
  provider: string,
  asking: ShardRef,
  change: (before: Room, nth: number) => Room | undefined,
): Promise<Room> {
  const isSame = isOf(asking);
  let last: number | undefined;
  return changeRoom(
    edges.store,
    provider,
    (before, nth) => {
      const isMade = [...before.holders, ...before.waiting].some((one) => isSame(one) && one.nth === last);
      if (isMade) return undefined;
      last = nth;
      return change(before, nth);
    },
    pauseOf(edges),
  );
}

/** Longest wait after another shard has changed the room first, in milliseconds, for each time that it did. */
const PAUSE_MS = 50;
const MOST_PAUSE_MS = 2_000;

function pauseOf({ wait, random }: RoomEdges): (attempt: number) => Promise<void> {
  return (attempt) => wait(random() * Math.min(attempt * PAUSE_MS, MOST_PAUSE_MS));
}

/** Gives back a round's room, or its position among those who wait. */
export async function leaveRoom(edges: RoomEdges, provider: string, round: RoundRef): Promise<void> {
  await changeRoom(edges.store, provider, (before) => withoutRound(before, round), pauseOf(edges));
}

/** Writes down that the provider refused a round's batch because too many tokens are enqueued: {@link refuseRoom}. */
export async function noteRefusal(edges: RoomEdges, provider: string, refusal: Refusal): Promise<void> {
  await changeRoom(edges.store, provider, (before, nth) => refuseRoom(before, refusal, nth), pauseOf(edges));
}
