import { readJson } from '../store/json.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import { enqueuedKey, enqueuedPrefix, roomPrefix, type RoundRef, type ShardRef } from './keys.ts';
import { storedObject } from './stored-object.ts';
import { changeState, findLastChange } from './state-log.ts';

/** A round that has room at a provider for its batch, or waits for it. */
export interface RoomEntry extends RoundRef {
  /** The batch's model; absent if each row names its own. */
  readonly model?: string | undefined;
  /** Estimated input tokens of the batch; 0 if they are not estimated. */
  readonly tokens: number;
  /** When its shard first asked for room, seconds since 1970. */
  readonly since: number;
  /** When its shard last asked or recorded itself, seconds since 1970. */
  readonly at: number;
  /** Number of the change that wrote the entry. It distinguishes an entry that was rewritten within the same second. */
  readonly nth: number;
  /** True if the host that ran its shard has ended since. */
  readonly left?: true;
}

/** A limit that rejections have shown. */
export interface LearnedLimit {
  /** Most tokens of a model's queued and running batches. */
  readonly tokens: number;
  /**
   * Most tokens of one batch: the limit that the last rejection named, which may be higher, or half of a file that was too large.
   */
  readonly named?: number;
  /** When it expires, seconds since 1970. */
  readonly until: number;
}

/** `room/limited/<provider>/<n>.json`: the room of all jobs at a provider after its n-th change. */
export interface Room {
  readonly holders: readonly RoomEntry[];
  /** In the order in which they get room. */
  readonly waiting: readonly RoomEntry[];
  /** By model. */
  readonly learned?: Readonly<Record<string, LearnedLimit>>;
  /** Durations of the last batches that had room, in seconds. */
  readonly recent?: readonly number[];
}

export const EMPTY_ROOM: Room = { holders: [], waiting: [] };

/** Number of changes that are kept. A reader must still find the last one while the next one is written. */
const KEPT_CHANGES = 3;

/**
 * Reads the room of all jobs at a provider.
 * @returns undefined if no job has asked for room yet
 */
export async function readRoom(store: ObjectStore, provider: string): Promise<Room | undefined> {
  for (;;) {
    const last = await findLastChange(store, roomPrefix(provider));
    if (last === undefined) return undefined;
    const room = await readJson<Room>(store, last.key);
    // Undefined means that it was replaced and deleted after it was listed.
    if (room !== undefined) return room;
  }
}

/** Calls {@link changeState} for a provider's room. */
export async function changeRoom(
  store: ObjectStore,
  provider: string,
  change: (before: Room, nth: number) => Room | undefined,
  pause: (attempt: number) => Promise<void>,
): Promise<Room> {
  const room = await changeState<Room>(store, {
    prefix: roomPrefix(provider),
    kept: KEPT_CHANGES,
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
