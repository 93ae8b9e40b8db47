import { isDeepStrictEqual } from 'node:util';
import type { ShardRef } from './keys.ts';
import { slotsPrefix } from './keys.ts';
import { sideBySide } from '../side-by-side.ts';
import { storedObject } from './stored-object.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** `slots/<provider>/<n>.json`: which shard has one of the provider's slots. */
export interface Slot extends ShardRef {
  /** When it was taken, seconds since 1970; absent in objects of version 0.1 and before. */
  readonly at?: number;
}

const slotObject = storedObject<Slot, string>((key) => key);

/** A slot that a shard asks for. */
export interface WantedSlot {
  readonly provider: string;
  readonly slot: Slot;
  /** How many there are. */
  readonly slots: number;
}

/**
 * Takes one of so many slots at a provider, for all jobs together: creating its object decides. A shard that has one
 * keeps it.
 * @param hasLetGo asked about the other shards' slots when all are taken
 * @returns false when all are taken
 */
export async function takeSlot(
  store: ObjectStore,
  wanted: WantedSlot,
  hasLetGo: (slot: Slot) => Promise<boolean>,
): Promise<boolean> {
  const { jobId, shard } = wanted.slot;
  const held = await readSlots(store, wanted.provider);
  if (held.some(({ slot }) => slot.jobId === jobId && slot.shard === shard)) return true;
  if (await createSlot(store, wanted)) return true;
  const free = await sideBySide(held, ({ slot }) => hasLetGo(slot));
  for (const [n, one] of held.entries()) if (free[n] === true) await freeIfSame(store, one);
  return free.includes(true) && createSlot(store, wanted);
}

/**
 * Another shard may have found the same slot free, and taken it meanwhile: its slot is not deleted. The store has no delete on a
 * condition, so the look comes right before it.
 */
async function freeIfSame(store: ObjectStore, { key, slot }: HeldSlot): Promise<void> {
  const now = await slotObject.read(store, key);
  if (isDeepStrictEqual(now, slot)) await store.delete(key);
}

interface HeldSlot {
  readonly key: string;
  readonly slot: Slot;
}

async function createSlot(store: ObjectStore, { provider, slot, slots }: WantedSlot): Promise<boolean> {
  for (let n = 0; n < slots; n += 1) {
    const key = `${slotsPrefix(provider)}${n}.json`;
    if (await slotObject.create(store, key, slot)) return true;
  }
  return false;
}

/** Gives a shard's slot back. */
export async function freeSlot(
  store: ObjectStore,
  provider: string,
  { jobId, shard }: ShardRef,
): Promise<void> {
  for (const { key, slot } of await readSlots(store, provider)) {
    if (slot.jobId === jobId && slot.shard === shard) await store.delete(key);
  }
}

async function readSlots(store: ObjectStore, provider: string): Promise<HeldSlot[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(slotsPrefix(provider))) keys.push(key);
  const slots = await sideBySide(keys, (key) => slotObject.read(store, key));
  return keys.flatMap((key, n) => {
    const slot = slots[n];
    return slot === undefined ? [] : [{ key, slot }];
  });
}
