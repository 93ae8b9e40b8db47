import { roundKey, type ShardRef } from '../../checkpoints/keys.ts';
import { frameLines, type Line } from '../../jsonl/lines.ts';
import { readCustomId } from '../../rows/request-line.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { MAX_RESULT_LINE_BYTES, type RoundRequests } from './round-index.ts';
import type { RoundToCollect } from './round-to-collect.ts';
import { listedInputs } from './round-writer.ts';
import type { ResultRules } from '../../fast-path/splice-result.ts';

/** What a round has asked, for all that its collecting needs to hold. */
export async function readRequests(
  store: ObjectStore,
  { endpoint }: ResultRules,
  context: RoundToCollect,
): Promise<RoundRequests> {
  const customIds: string[] = [];
  const inputs = new Map<number, number>();
  for await (const lines of await requestLines(store, context, context.round)) {
    for (const { bytes } of lines) {
      if (bytes === undefined) continue;
      const listed = listedInputs(bytes, endpoint);
      if (listed !== undefined) inputs.set(customIds.length, listed);
      customIds.push(readCustomId(bytes));
    }
  }
  return { customIds, inputs };
}

/** A round's request lines as they stream in. */
export async function requestLines(
  store: ObjectStore,
  ref: ShardRef,
  round: number,
): Promise<AsyncIterable<Line[]>> {
  const key = roundKey(ref, round, 'requests.jsonl');
  const object = await store.open(key);
  if (object === undefined) throw new Error(`There is no ${store.locate(key)}; was it deleted?`);
  return frameLines(object.body, MAX_RESULT_LINE_BYTES);
}
