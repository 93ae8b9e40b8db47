import type { ShardRef } from './keys.ts';
import { shardKey, slotsPrefix, summaryKey } from './keys.ts';
import { sideBySide } from '../side-by-side.ts';
import { readJson } from '../store/json.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** `slots/<provider>/<n>.json`: which shard has one of the provider's places. */
type Slot = ShardRef;

/**
 * Takes one of so many places at a provider, for all jobs together: creating its object decides. A shard that has one
 * keeps it; places of shards that have ended without giving theirs back are free.
 * @returns false when all are taken
 */
export async function takeSlot(
  store: ObjectStore,
  provider: string,
  { jobId, shard }: ShardRef,
  places: number,
): Promise<boolean> {
  const held = await readSlots(store, provider);
  if (held.some(({ slot }) => slot.jobId === jobId && slot.shard === shard)) return true;
  const stale = await sideBySide(held, ({ slot }) => hasEnded(store, slot));
  for (const [n, { key }] of held.entries()) if (stale[n] === true) await store.delete(key);
  for (let place = 0; place < places; place += 1) {
    const key = `${slotsPrefix(provider)}${place}.json`;
    if (await store.createIfAbsent(key, `${JSON.stringify({ jobId, shard } satisfies Slot)}\n`)) return true;
  }
  return false;
}

/** Gives a shard's place back. */
export async function freeSlot(
  store: ObjectStore,
  provider: string,
  { jobId, shard }: ShardRef,
): Promise<void> {
  for (const { key, slot } of await readSlots(store, provider)) {
    if (slot.jobId === jobId && slot.shard === shard) await store.delete(key);
  }
}

async function readSlots(store: ObjectStore, provider: string): Promise<{ key: string; slot: Slot }[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(slotsPrefix(provider))) keys.push(key);
  const slots = await sideBySide(keys, (key) => readJson<Slot>(store, key));
  return keys.flatMap((key, n) => {
    const slot = slots[n];
    return slot === undefined ? [] : [{ key, slot }];
  });
}

/** A job that failed is one of them: a batch it left open counts for nothing until it is resumed. */
async function hasEnded(store: ObjectStore, ref: Slot): Promise<boolean> {
  const ends = [shardKey(ref, 'done.json'), shardKey(ref, 'stopped.json'), summaryKey(ref.jobId)];
  return (await sideBySide(ends, (key) => store.stat(key))).some((found) => found !== undefined);
}
