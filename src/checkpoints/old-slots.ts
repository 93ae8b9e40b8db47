import { sideBySide } from '../concurrency/side-by-side.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { slotsPrefix, type ShardRef } from './keys.ts';
import { storedObject } from './stored-object.ts';

/**
 * `slots/<provider>/<n>.json`: the shard that has one of the provider's slots, as earlier versions recorded it. This version
 * records room instead.
 */
export interface OldSlot extends ShardRef {
  /** Key of the object. */
  readonly key: string;
  /** When the slot was taken, in seconds since 1970; absent in objects of the first version. */
  readonly at?: number | undefined;
}

const slotObject = storedObject<Omit<OldSlot, 'key'>, string>((key) => key);

export async function readOldSlots(store: ObjectStore, provider: string): Promise<readonly OldSlot[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(slotsPrefix(provider))) keys.push(key);
  const slots = await sideBySide(keys, (key) => slotObject.read(store, key));
  return keys.flatMap((key, n) => {
    const slot = slots[n];
    return slot === undefined ? [] : [{ ...slot, key }];
  });
}

/** Releases the slot that a shard took in an earlier version. */
export async function freeOldSlot(
  store: ObjectStore,
  provider: string,
  { jobId, shard }: ShardRef,
): Promise<void> {
  for (const slot of await readOldSlots(store, provider))
    if (slot.jobId === jobId && slot.shard === shard) await store.delete(slot.key);
}
