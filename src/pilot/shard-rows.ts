import { roundKey, shardKey, type ShardRef } from '../checkpoints/keys.ts';
import { eachOwnLine, LinesBeside } from '../jsonl/own-lines.ts';
import { readFollowLine } from '../reuse/follow-line.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** One row of a shard as Build wrote it. */
export type BuiltRow = (
  | { readonly request: Buffer }
  /** The lines that round 0 has for a row that is not sent. */
  | { readonly result: Buffer; readonly deadLetter: Buffer }
) & {
  /** Source of the row; undefined in jobs with one input. */
  readonly source: Buffer | undefined;
};

/**
 * The rows of a shard before any round was sent, in order.
 * @param rows number of the job's rows; a row that follows a higher position is in the pilot, and its request line stays here until
 *   it is removed
 */
export async function* builtRows(
  store: ObjectStore,
  ref: ShardRef,
  rows: number,
): AsyncGenerator<BuiltRow, undefined> {
  await using sources = LinesBeside.of(store, shardKey(ref, 'sources.jsonl'));
  if ((await store.stat(roundKey(ref, 0, 'results.jsonl'))) === undefined) {
    for await (const request of eachOwnLine(store, roundKey(ref, 1, 'requests.jsonl')))
      yield { request, source: (await sources.next()).value };
    return undefined;
  }
  await using requests = LinesBeside.of(store, roundKey(ref, 1, 'requests.jsonl'));
  await using deadLetters = LinesBeside.of(store, roundKey(ref, 0, 'dead-letters.jsonl'));
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

/** The sources of a shard's rows that are sent, in order; none in a job with one input. Reads no request. */
export async function* sourcesOfSent(
  store: ObjectStore,
  ref: ShardRef,
  rows: number,
): AsyncGenerator<Buffer, undefined> {
  const sources = eachOwnLine(store, shardKey(ref, 'sources.jsonl'));
  if ((await store.stat(roundKey(ref, 0, 'results.jsonl'))) === undefined) {
    yield* sources;
    return undefined;
  }
  const results = eachOwnLine(store, roundKey(ref, 0, 'results.jsonl'));
  for await (const source of sources) {
    const { value: result = EMPTY_LINE } = await results.next();
    if (isSent(result, rows)) yield source;
  }
  return undefined;
}

export const EMPTY_LINE = Buffer.from('\n');

function isSent(result: Buffer, rows: number): boolean {
  return result.length === 1 || (readFollowLine(result)?.leader ?? -1) >= rows;
}
