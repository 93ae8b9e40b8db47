import { collectedObject, readCollected } from '../../../checkpoints/round/collected.ts';
import type { RoundRef, ShardRef } from '../../../checkpoints/keys.ts';
import { lostIdsObject } from '../../../checkpoints/round/lost-ids.ts';
import { uploadObject } from '../../../checkpoints/round/upload.ts';
import type { ObjectStore } from '../../../store/object-store.ts';

/**
 * Counts the requests at the front of a round that were also in the previous round's batch and got no usable answer. Requests
 * that did not fit into that file stand behind them.
 */
export async function countAskedAgain(store: ObjectStore, ref: RoundRef): Promise<number> {
  const before = { ...ref, round: ref.round - 1 };
  const collected = ref.round > 1 ? await collectedObject.read(store, before) : undefined;
  // Without a batch nothing was sent. After a search for a failing row, the files were divided differently.
  if (collected?.batch.batchId === undefined || collected.halving !== undefined) return 0;
  const part = (await uploadObject.read(store, before))?.part;
  const unsent = part === undefined ? 0 : collected.requests - part.requests;
  return Math.max(0, collected.deferred - unsent);
}

/** Ids of rows that earlier rounds have sent again. */
export async function askedAgainBefore(
  store: ObjectStore,
  ref: ShardRef,
  round: number,
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const collected of await readCollected(store, ref, round)) {
    if ((collected.paidTwice ?? 0) === 0) continue;
    for (const id of (await lostIdsObject.read(store, { ...ref, round: collected.round })) ?? []) ids.add(id);
  }
  return ids;
}
