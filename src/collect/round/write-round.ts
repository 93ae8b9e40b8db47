import { roundKey } from '../../checkpoints/keys.ts';
import type { ObjectStore, ObjectWriter } from '../../store/object-store.ts';
import type { Fate } from './decide-row.ts';
import type { ErrorTally } from '../counts/error-counts.ts';
import type { ModelTally } from '../counts/model-usage.ts';
import { requestLines } from './round-requests.ts';
import type { RoundToCollect } from './round-to-collect.ts';
import { RoundWriter, type WriteRound } from './round-writer.ts';

/** How many rows met which fate, and what was counted on the way. */
export interface Written extends Record<Fate, number> {
  readonly models: ModelTally;
  readonly errors: ErrorTally;
}

/** Writes the three files of a round, in the order of its requests. */
export async function writeRound(
  store: ObjectStore,
  context: RoundToCollect,
  written: WriteRound,
): Promise<Written> {
  const { round } = context;
  const writers = {
    results: store.write(roundKey(context, round, 'results.jsonl')),
    deadLetters: store.write(roundKey(context, round, 'dead-letters.jsonl')),
    nextRequests: store.write(roundKey(context, round + 1, 'requests.jsonl')),
  };
  const writer = new RoundWriter(written, writers);
  try {
    let ordinal = 0;
    for await (const lines of requestLines(store, context, round)) {
      for (const bytes of lines) {
        // Most rows need not be waited for, and a promise for each would take as long as the rest.
        const pending = writer.write(ordinal, bytes);
        if (pending !== undefined) await pending;
        ordinal += 1;
      }
    }
    await writer.end();
    await closeWriters(writers, writer.totals.deferred > 0);
    return { ...writer.totals, models: written.splicer.models(), errors: writer.errors };
  } catch (error) {
    await Promise.all(Object.values(writers).map((each) => each.abort()));
    throw error;
  }
}

async function closeWriters(
  writers: Readonly<Record<'results' | 'deadLetters' | 'nextRequests', ObjectWriter>>,
  hasNext: boolean,
): Promise<void> {
  await writers.results.close();
  await writers.deadLetters.close();
  await (hasNext ? writers.nextRequests.close() : writers.nextRequests.abort());
}
