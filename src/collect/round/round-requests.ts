import type { ResultRules } from '../lines/result-rules.ts';
import { requiredLines } from '../../jsonl/own-lines.ts';
import { readCustomId } from '../../jsonl/custom-id.ts';
import { roundKey, type ShardRef } from '../../checkpoints/keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import type { RoundRequests } from './round-index.ts';
import type { Round } from './round.ts';
import { listedInputs } from './round-writer.ts';

/** What a round has asked, for all that its collecting needs to hold. */
export async function readRoundRequests(
  store: ObjectStore,
  { endpoint }: ResultRules,
  context: Round,
): Promise<RoundRequests> {
  const customIds: string[] = [];
  const inputs = new Map<number, number>();
  for await (const lines of requestLines(store, context, context.round)) {
    for (const bytes of lines) {
      const listed = listedInputs(bytes, endpoint);
      if (listed !== undefined) inputs.set(customIds.length, listed);
      customIds.push(readCustomId(bytes));
    }
  }
  return { customIds, inputs };
}

/** A round's request lines as they stream in. @param start bytes of the lines before the first one that is wanted */
export function requestLines(
  store: ObjectStore,
  ref: ShardRef,
  round: number,
  start = 0,
): AsyncIterable<Buffer[]> {
  return requiredLines(store, roundKey(ref, round, 'requests.jsonl'), { start });
}
