import { collectedObject } from '../../checkpoints/round/collected.ts';
import type { RoundRef } from '../../checkpoints/keys.ts';
import { uploadObject } from '../../checkpoints/round/upload.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/**
 * Counts the requests at the front of a round that were also in the previous round's batch and got no usable answer. Requests
 * that did not fit into that file follow them.
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
