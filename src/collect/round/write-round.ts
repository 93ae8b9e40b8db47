import { ResultFiles } from './result-files.ts';
import { rejectOver } from './downloads.ts';
import { LostRows } from './lost-rows.ts';
import type { RoundEvidence } from './read-round.ts';
import { roundKey } from '../../checkpoints/keys.ts';
import type { ObjectStore, ObjectWriter } from '../../store/object-store.ts';
import type { Fate, RoundDecision } from './decide-row.ts';
import type { ErrorTally } from '../counts/error-counts.ts';
import type { ModelTally } from '../counts/model-usage.ts';
import { requestLines } from './round-requests.ts';
import { RoundWriter } from './round-writer.ts';

/** Number of rows by fate, and further counts. */
export interface RoundTotals extends Record<Fate, number> {
  readonly models: ModelTally;
  readonly errors: ErrorTally;
}

/** Writes the three files of a round in the order of its requests. */
export async function writeRound(
  store: ObjectStore,
  evidence: RoundEvidence,
  decision: RoundDecision,
  lost: LostRows,
): Promise<RoundTotals> {
  const { context, index, time } = evidence;
  const { round } = context;
  const writers = {
    results: store.write(roundKey(context, round, 'results.jsonl')),
    deadLetters: store.write(roundKey(context, round, 'dead-letters.jsonl')),
    nextRequests: store.write(roundKey(context, round + 1, 'requests.jsonl')),
  };
  const files = new ResultFiles(store, context.jobId);
  const writer = new RoundWriter({ evidence, decision, lost, files }, writers);
  try {
    let ordinal = 0;
    for await (const lines of requestLines(store, context, round)) {
      for (const bytes of lines) {
        // Awaits only if necessary: a promise for each row would take as long as everything else.
        const pending = writer.write(ordinal, bytes);
        if (pending !== undefined) await pending;
        ordinal += 1;
      }
      rejectOver(time, context, 'writes what became of the rows');
    }
    await writer.end();
    await closeWriters(writers, writer.totals.deferred > 0);
    return { ...writer.totals, models: index.models, errors: writer.errors };
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
