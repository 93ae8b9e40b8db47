import { resultsKey } from '../checkpoints/keys.ts';
import { InvalidInput } from '../errors.ts';
import type { Job } from '../checkpoints/job.ts';
import type { ResultLine } from '../checkpoints/result-line.ts';
import { eachRequiredLine, LinesBeside } from '../jsonl/own-lines.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** An earlier result of a row, and whether the row is sent again. */
export type EarlierRow = 'ok' | 'duplicate' | 'not ok';

/** Reads the results of the job that is retried, beside its input: a line per row, in the same order. */
export class EarlierResults implements AsyncDisposable {
  readonly #lines: LinesBeside;
  readonly #jobId: string;
  /** Number of bytes read. */
  bytes: number;
  /** The id under which the last row was sent; undefined if it was not sent. */
  sentAs: string | undefined;

  /** @param start position at which a line begins */
  constructor(store: ObjectStore, jobId: string, start = 0) {
    this.#jobId = jobId;
    this.#lines = new LinesBeside(eachRequiredLine(store, resultsKey(jobId), { start }));
    this.bytes = start;
  }

  static of(store: ObjectStore, { retry }: Pick<Job, 'retry'>, start?: number): EarlierResults | undefined {
    return retry === undefined ? undefined : new EarlierResults(store, retry.jobId, start);
  }

  /**
   * The outcome of the next row.
   * @throws InvalidInput when the input has more rows than there are results
   */
  async next(): Promise<EarlierRow> {
    const { value: line } = await this.#lines.next();
    if (line === undefined) throw this.#otherRows('more');
    this.bytes += line.length;
    const value = JSON.parse(line.toString('utf8')) as ResultLine;
    this.sentAs = !value.ok && value.outcome === 'invalid' ? undefined : value.custom_id;
    if (value.ok) return 'ok';
    // The first row with this id may be ok. Then it is not a row of this job.
    return value.outcome === 'invalid' && value.error.code === 'DUPLICATE_CUSTOM_ID' ? 'duplicate' : 'not ok';
  }

  /**
   * Checks that every result was read.
   * @throws InvalidInput when there are results of further rows
   */
  async end(): Promise<void> {
    if ((await this.#lines.next()).done !== true) throw this.#otherRows('fewer');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lines[Symbol.asyncDispose]();
  }

  #otherRows(how: string): InvalidInput {
    return new InvalidInput(
      `The input of job ${this.#jobId} has ${how} rows than its results: the files are not those that the job read. Nothing was sent.`,
    );
  }
}
