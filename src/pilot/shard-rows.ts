import { roundKey, shardKey, type ShardRef } from '../checkpoints/keys.ts';
import { eachOwnLine } from '../jsonl/own-lines.ts';
import { readFollowLine } from '../reuse/follow-line.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** One row of a shard as Build has written it. */
export type BuiltRow = (
  | { readonly request: Buffer }
  /** A row that is not sent: its lines of round 0. */
  | { readonly result: Buffer; readonly deadLetter: Buffer }
) & {
  /** Where it came from; undefined in jobs of one input. */
  readonly source: Buffer | undefined;
};

/**
 * The rows of a shard that no round was sent of, in their order.
 * @param rows of the job: a row that follows one behind them is of the pilot, and has its request line as long as that is not
 *   taken away
 */
export async function* builtRows(
  store: ObjectStore,
  ref: ShardRef,
  rows: number,
): AsyncGenerator<BuiltRow, undefined> {
  const requests = eachOwnLine(store, roundKey(ref, 1, 'requests.jsonl'));
  const sources = eachOwnLine(store, shardKey(ref, 'sources.jsonl'));
  if ((await store.stat(roundKey(ref, 0, 'results.jsonl'))) === undefined) {
    for await (const request of requests) yield { request, source: (await sources.next()).value };
    return undefined;
  }
  const deadLetters = eachOwnLine(store, roundKey(ref, 0, 'dead-letters.jsonl'));
  for await (const result of eachOwnLine(store, roundKey(ref, 0, 'results.jsonl'))) {
    const { value: deadLetter = EMPTY_LINE } = await deadLetters.next();
    const { value: source } = await sources.next();
    if (!isSent(result, rows)) yield { result, deadLetter, source };
    else {
      const { value: request } = await requests.next();
      if (request === undefined)
        throw new Error(`Shard ${ref.shard} of job ${ref.jobId} has fewer request lines than rows to send.`);
      yield { request, source };
    }
  }
  return undefined;
}

export const EMPTY_LINE = Buffer.from('\n');

function isSent(result: Buffer, rows: number): boolean {
  return result.length === 1 || (readFollowLine(result)?.leader ?? -1) >= rows;
}
