import { resultsKey } from '../src/checkpoints/keys.ts';
import type { ResultLine } from '../src/checkpoints/result-line.ts';
import { readCustomId } from '../src/jsonl/custom-id.ts';
import { eachOwnLine } from '../src/jsonl/own-lines.ts';
import type { ObjectStore } from '../src/store/object-store.ts';

/** Rows to forget, as they are in the results of a job and of its retries. */
export interface FoundRows {
  readonly rows: number;
  /** Number of answers in all of the jobs. */
  readonly answers: number;
  readonly reusedFrom: readonly string[];
  /** Files of these answers that belong to no other row. */
  readonly files: readonly string[];
}

/**
 * Finds the rows with these ids.
 * @param jobIds the retries, then the job itself
 */
export async function findRows(
  store: ObjectStore,
  jobIds: readonly string[],
  ids: ReadonlySet<string>,
): Promise<FoundRows> {
  let [rows, answers] = [0, 0];
  const reusedFrom = new Set<string>();
  const files = new Set<string>();
  const shared = new Set<string>();
  for (const [n, jobId] of jobIds.entries()) {
    for await (const bytes of eachOwnLine(store, resultsKey(jobId))) {
      const isMeant = ids.has(readCustomId(bytes));
      if (!isMeant && !bytes.includes('"files":')) continue;
      const line = readResultLine(bytes);
      if (isMeant && n === jobIds.length - 1) rows += 1;
      if (!line.ok) continue;
      if (isMeant) answers += 1;
      if (isMeant && line.reused !== undefined) reusedFrom.add(line.reused.jobId);
      for (const file of line.files ?? []) (isMeant ? files : shared).add(file.replace(/^files\//, ''));
    }
  }
  return {
    rows,
    answers,
    reusedFrom: [...reusedFrom].toSorted(),
    files: [...files].filter((file) => !shared.has(file)),
  };
}

/** Parses a line of the results. */
export function readResultLine(line: Buffer): ResultLine {
  return JSON.parse(line.toString('utf8')) as ResultLine;
}
