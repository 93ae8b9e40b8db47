import { pilotRowsKey, roundKey, type ShardRef } from '../checkpoints/keys.ts';
import { readCustomId } from '../jsonl/custom-id.ts';
import { followLine } from '../reuse/follow-line.ts';
import type { ObjectStore, ObjectWriter } from '../store/object-store.ts';
import { builtRows, EMPTY_LINE, type BuiltRow } from './shard-rows.ts';

/** Rows of one shard that are moved to the pilot. */
export interface RowsToSetAside {
  /** Positions of these rows among the shard's request lines, in ascending order. */
  readonly picked: readonly number[];
  /** Position in the job of the first of them. These positions follow those of all other rows. */
  readonly leader: number;
  /** Number of the job's rows. */
  readonly rows: number;
}

/**
 * Removes the pilot's rows from the requests of a shard. In this shard, each of them then follows its row in the pilot's shard,
 * like a row that has the same request as an earlier one. The request lines are replaced last, so that an interrupted call can be
 * repeated.
 */
export async function setRowsAside(store: ObjectStore, ref: ShardRef, rows: RowsToSetAside): Promise<void> {
  const writers = openWriters(store, ref);
  const { requests, results, deadLetters, pilotRequests, pilotSources } = writers;
  const picked = new Set(rows.picked);
  let [nth, leader] = [0, rows.leader];
  try {
    for await (const row of builtRows(store, ref, rows.rows)) {
      if (!('request' in row)) {
        await results.write(row.result);
        await deadLetters.write(row.deadLetter);
        continue;
      }
      await deadLetters.write(EMPTY_LINE);
      if (picked.has(nth)) {
        await results.write(followLine(readCustomId(row.request), leader));
        await writePicked(pilotRequests, pilotSources, row);
        leader += 1;
      } else {
        await results.write(EMPTY_LINE);
        await requests.write(row.request);
      }
      nth += 1;
    }
    for (const writer of [pilotRequests, pilotSources, results, deadLetters, requests]) await writer.close();
  } catch (error) {
    for (const writer of Object.values(writers)) await writer.abort();
    throw error;
  }
}

async function writePicked(
  requests: ObjectWriter,
  sources: ObjectWriter,
  { request, source }: Extract<BuiltRow, { readonly request: Buffer }>,
): Promise<void> {
  await requests.write(request);
  await sources.write(source ?? EMPTY_LINE);
}

function openWriters(store: ObjectStore, ref: ShardRef) {
  return {
    requests: store.write(roundKey(ref, 1, 'requests.jsonl')),
    results: store.write(roundKey(ref, 0, 'results.jsonl')),
    deadLetters: store.write(roundKey(ref, 0, 'dead-letters.jsonl')),
    pilotRequests: store.write(pilotRowsKey(ref, 'requests')),
    pilotSources: store.write(pilotRowsKey(ref, 'sources')),
  };
}
