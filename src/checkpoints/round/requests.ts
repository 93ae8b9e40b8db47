import { requiredLines } from '../../jsonl/own-lines.ts';
import { InvalidInput } from '../../errors.ts';
import { roundKey, type ShardRef } from '../keys.ts';
import type { RoundPart } from './upload.ts';
import { readCollected, type Halving } from './collected.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/**
 * A round's request lines, up to the given number of bytes.
 * @throws InvalidInput when the file is missing
 */
export async function* readRequests(
  store: ObjectStore,
  key: string,
  end: number | undefined,
): AsyncGenerator<Buffer> {
  const object = await store.open(key, end === undefined ? {} : { end });
  if (object === undefined) throw new InvalidInput(`${store.locate(key)} is gone.`);
  yield* object.body;
}

/**
 * The requests of a round that go into its file: all of them, or as many as the provider is known to accept.
 * @param mostBytes most bytes of the file under a known token limit
 */
export async function partToUpload(
  store: ObjectStore,
  ref: ShardRef,
  round: number,
  mostBytes = Infinity,
): Promise<RoundPart | undefined> {
  const before = (await readCollected(store, ref, round)).at(-1);
  const { maxUploadBytes, maxUploadRequests, halving } = before ?? {};
  const maxRequests = halvedRequests(halving) ?? maxUploadRequests;
  if (maxUploadBytes === undefined && maxRequests === undefined && mostBytes === Infinity) return undefined;
  return firstPart(store, roundKey(ref, round, 'requests.jsonl'), {
    bytes: Math.min(maxUploadBytes ?? Infinity, mostBytes),
    requests: maxRequests ?? Infinity,
  });
}

/** Most requests of the next file during the search for the row that makes it fail; undefined: no limit. */
function halvedRequests(halving: Halving | undefined): number | undefined {
  if (halving === undefined) return undefined;
  if (halving.suspects > 0) return Math.max(1, Math.floor(halving.suspects / 2));
  // No part was answered yet: after one row that failed alone, the next row may fail as well.
  return halving.guilty > 0 && !halving.answered ? 1 : undefined;
}

/**
 * The first request lines of a round that fit, at least one.
 * @returns undefined when all of them fit
 */
async function firstPart(store: ObjectStore, key: string, most: RoundPart): Promise<RoundPart | undefined> {
  const whole = await store.stat(key);
  if (whole === undefined || (whole.bytes <= most.bytes && most.requests === Infinity)) return undefined;
  let requests = 0;
  let bytes = 0;
  for await (const lines of requiredLines(store, key)) {
    for (const { length } of lines) {
      if (requests > 0 && (bytes + length > most.bytes || requests >= most.requests))
        return { requests, bytes };
      requests += 1;
      bytes += length;
    }
  }
  return bytes < whole.bytes ? { requests, bytes } : undefined;
}
