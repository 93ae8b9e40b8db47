import { readJson } from '../store/json.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { sideBySide } from '../side-by-side.ts';
import {
  enqueuedKey,
  enqueuedPrefix,
  providerOfRoomKey,
  ROOM_PREFIX,
  roomPrefix,
  type RoundRef,
  type ShardRef,
} from './keys.ts';
import { storedObject } from './stored-object.ts';
import { changeForever, findLastChange, type Changing } from './state-log.ts';

/** A round that has room at a provider for its batch, or waits for it. */
export interface RoomEntry extends RoundRef {
  /** Of the batch; absent where each row names its own. */
  readonly model?: string | undefined;
  /** Input tokens of the batch, estimated; 0 where nothing counts them. */
  readonly tokens: number;
  /** When its shard asked first, seconds since 1970. */
  readonly since: number;
  /** When it was last seen to live, seconds since 1970. */
  readonly at: number;
  /** The change that wrote it: an entry that is written anew is another one, even in the same second. */
  readonly nth: number;
  /** The host that ran its shard has ended since. */
  readonly left?: true;
}

/** What refusals taught about a limit. */
export interface LearnedLimit {
  /** Most tokens of a model's batches that are queued or running. */
  readonly tokens: number;
  /** The limit that the last refusal named, which may be higher. */
  readonly named?: number;
  /** Until when it holds, seconds since 1970. */
  readonly until: number;
}

/** `room/limited/<provider>/<n>.json`: the room of all jobs at a provider after its n-th change. */
export interface Room {
  readonly holders: readonly RoomEntry[];
  /** In the order in which they get their slots. */
  readonly waiting: readonly RoomEntry[];
  /** By model. */
  readonly learned?: Readonly<Record<string, LearnedLimit>>;
  /** How long the last batches took that had room, in seconds. */
  readonly recent?: readonly number[];
}

export const EMPTY_ROOM: Room = { holders: [], waiting: [] };

/** @returns undefined where no job ever asked for room */
export async function readRoom(store: ObjectStore, provider: string): Promise<Room | undefined> {
  for (;;) {
    const last = await findLastChange(store, roomPrefix(provider));
    if (last === undefined) return undefined;
    const room = await readJson<Room>(store, last.key);
    // Otherwise it was replaced and deleted since it was listed.
    if (room !== undefined) return room;
  }
}

/** The providers at which a job ever asked for room. */
export async function providersWithRoom(store: ObjectStore): Promise<ReadonlySet<string>> {
  const providers = new Set<string>();
  for await (const { key } of store.list(ROOM_PREFIX)) providers.add(providerOfRoomKey(key));
  return providers;
}

/** {@link changeForever} of a provider's room. */
export async function changeRoom(
  store: ObjectStore,
  provider: string,
  change: (before: Room, nth: number) => Room | undefined,
  pause: Changing<Room>['pause'],
): Promise<Room> {
  const room = await changeForever<Room>(store, {
    prefix: roomPrefix(provider),
    change: (before = EMPTY_ROOM, nth) => change(before, nth),
    pause,
  });
  return room ?? EMPTY_ROOM;
}

/** `room/enqueued/<provider>/<jobId>-<shard>.json`: a round's batch that was created while no limit was known. */
export type EnqueuedBatch = Omit<RoomEntry, 'since' | 'nth'>;

interface EnqueuedAddress extends ShardRef {
  readonly provider: string;
}

export const enqueuedObject = storedObject<EnqueuedBatch, EnqueuedAddress>(({ provider, ...shard }) =>
  enqueuedKey(provider, shard),
);

export async function readEnqueued(store: ObjectStore, provider: string): Promise<EnqueuedBatch[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(enqueuedPrefix(provider))) keys.push(key);
  const batches = await sideBySide(keys, (key) => readJson<EnqueuedBatch>(store, key));
  return batches.filter((batch) => batch !== undefined);
}

export async function deleteEnqueued(store: ObjectStore, provider: string, shard: ShardRef): Promise<void> {
  await store.delete(enqueuedKey(provider, shard));
}
