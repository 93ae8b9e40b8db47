import { InvalidInput } from '../errors.ts';
import { isFields } from '../endpoints/ask.ts';
import type { Job } from '../checkpoints/job.ts';
import type { ResultLine } from '../checkpoints/result-line.ts';
import { readInput, readRow } from '../rows/read-input.ts';
import type { Row } from '../rows/row.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { readResultLines } from './result-lines.ts';

/** An input row with its result. */
export interface JoinedRow extends InputRow {
  readonly line: ResultLine;
}

interface InputRow {
  /** The row's fields: the non-empty cells of a table. Empty for an unreadable row. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Only for a table: its header, shared by all rows of a file. */
  readonly header?: readonly string[] | undefined;
}

/**
 * Joins a job's results with its input. Results are in input order, one per row, so only one batch of both is in memory.
 * @throws InvalidInput when the input no longer exists, was changed, or has other rows than the results
 */
export async function* joinRows(
  store: ObjectStore,
  job: Job,
  results: AsyncIterable<Uint8Array>,
): AsyncGenerator<JoinedRow[]> {
  if (job.retry !== undefined)
    throw new InvalidInput(
      `Job ${job.jobId} is a retry: its rows are among those of job ${job.retry.jobId}, whose table has the input.`,
    );
  const inputs = new RowReader(inputRows(store, job));
  try {
    for await (const lines of readResultLines(results)) {
      const rows = await inputs.take(lines.length);
      if (rows.length < lines.length) throw otherRows(job, 'fewer');
      yield rows.map((row, n) => ({ ...row, line: lines[n] as ResultLine }));
    }
    // A sample has results of its first rows only.
    if (job.limit === undefined && (await inputs.take(1)).length > 0) throw otherRows(job, 'more');
  } finally {
    await inputs.close();
  }
}

function otherRows({ jobId }: Job, how: string): InvalidInput {
  return new InvalidInput(
    `The input of job ${jobId} has ${how} rows than its results: the files are not those that the job read.`,
  );
}

/**
 * Reads the rows of all inputs, batch by batch. Copies each batch immediately, because a reader may reuse its memory for the next
 * one.
 */
async function* inputRows(store: ObjectStore, { inputs, profile }: Job): AsyncGenerator<InputRow[]> {
  for (const input of inputs) {
    let header: readonly string[] | undefined;
    const onHeader = (names: readonly string[]): void => void (header = names);
    for await (const rows of readInput(store, input, profile, { onHeader }))
      yield rows.map((row) => toInputRow(row, header));
  }
}

/** Returns rows by number, independent of the batches in which they arrive. */
class RowReader {
  readonly #batches: AsyncGenerator<InputRow[]>;
  #rest: InputRow[] = [];

  constructor(batches: AsyncGenerator<InputRow[]>) {
    this.#batches = batches;
  }

  /** Closes the current input. */
  async close(): Promise<void> {
    await this.#batches.return(undefined);
  }

  /** The next rows; fewer than `count` only at the end. */
  async take(count: number): Promise<InputRow[]> {
    const taken: InputRow[] = [];
    while (taken.length < count) {
      if (this.#rest.length === 0) {
        const next = await this.#batches.next();
        if (next.done === true) return taken;
        this.#rest = next.value;
      }
      const missing = count - taken.length;
      for (const row of this.#rest.slice(0, missing)) taken.push(row);
      this.#rest = this.#rest.slice(missing);
    }
    return taken;
  }
}

function toInputRow(row: Row, header: readonly string[] | undefined): InputRow {
  const read = readRow(row);
  const fields = read.kind === 'read' ? read.value : read.fields;
  return { fields: isFields(fields) ? fields : {}, header };
}
