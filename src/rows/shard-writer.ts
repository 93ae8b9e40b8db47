import { InvalidInput } from '../errors.ts';
import type { RowProblem, RowSource, ShardLimits, ShardPlan } from '../job.ts';
import { roundKey, shardKey, type ShardRef } from '../keys.ts';
import type { ObjectStore, ObjectWriter } from '../store/object-store.ts';
import { invalidDeadLetter, invalidResultLine } from './dead-letter.ts';
import type { Row } from './row.ts';

/** The map's items cross the state as an array of numbers: 10,000 of them are 49 KB of the 256 KiB there are. */
export const MAX_SHARDS = 10_000;

export interface Shards {
  readonly jobId: string;
  readonly limits: ShardLimits;
  /** Write down where each row came from: for jobs of several inputs. */
  readonly tellsSources: boolean;
}

/** Cuts a job's rows into shards as they come, by exact bytes and rows, and writes each shard's files. */
export class ShardWriter {
  readonly #store: ObjectStore;
  readonly #jobId: string;
  readonly #limits: ShardLimits;
  readonly #tellsSources: boolean;
  readonly #plans: ShardPlan[] = [];
  #open: OpenShard | undefined;

  constructor(store: ObjectStore, { jobId, limits, tellsSources }: Shards) {
    this.#store = store;
    this.#jobId = jobId;
    this.#limits = limits;
    this.#tellsSources = tellsSources;
  }

  /** Takes a request line, newline included, that fits into a shard of its own. */
  async addRequest(text: string, source: RowSource): Promise<void> {
    const bytes = Buffer.byteLength(text);
    if (this.#open !== undefined && !this.#open.takes(bytes, this.#limits)) await this.#finish();
    await (this.#open ?? this.#next()).addRequest(text, source);
  }

  /** Takes a row that is not sent; it belongs to the shard that is open. */
  async addInvalid(problem: RowProblem, row: Row, source: RowSource): Promise<void> {
    if (this.#open !== undefined && !this.#open.takesInvalid(this.#limits)) await this.#finish();
    await (this.#open ?? this.#next()).addInvalid(problem, row, source);
  }

  async close(): Promise<readonly ShardPlan[]> {
    await this.#finish();
    return this.#plans;
  }

  async abort(): Promise<void> {
    await this.#open?.abort();
  }

  #next(): OpenShard {
    const shard = this.#plans.length;
    if (shard >= MAX_SHARDS) {
      throw new InvalidInput(`The input needs more than ${MAX_SHARDS} shards: split it into several files.`);
    }
    this.#open = new OpenShard(this.#store, { jobId: this.#jobId, shard }, this.#tellsSources);
    return this.#open;
  }

  async #finish(): Promise<void> {
    if (this.#open !== undefined) this.#plans.push(await this.#open.close());
    this.#open = undefined;
  }
}

class OpenShard {
  readonly #store: ObjectStore;
  readonly #ref: ShardRef;
  readonly #requests: ObjectWriter;
  /** Round 0, written only for shards with an invalid row. */
  #results: ObjectWriter | undefined;
  #deadLetters: ObjectWriter | undefined;
  readonly #sources: ObjectWriter | undefined;
  #sent = 0;
  #invalid = 0;

  constructor(store: ObjectStore, ref: ShardRef, tellsSources: boolean) {
    this.#store = store;
    this.#ref = ref;
    this.#sources = tellsSources ? store.write(shardKey(ref, 'sources.jsonl')) : undefined;
    this.#requests = store.write(roundKey(ref, 1, 'requests.jsonl'));
  }

  takes(bytes: number, { maxBytes, maxRows }: ShardLimits): boolean {
    return this.#requests.bytes + bytes <= maxBytes && this.#sent < maxRows;
  }

  /** Invalid rows cost the provider nothing, but a shard's files are also read by one Lambda. */
  takesInvalid({ maxRows }: ShardLimits): boolean {
    return this.#invalid < maxRows;
  }

  async addRequest(text: string, source: RowSource): Promise<void> {
    this.#sent += 1;
    await this.#sources?.write(`${JSON.stringify(source)}\n`);
    await this.#requests.write(text);
    await this.#writeRoundZero('\n', '\n');
  }

  async addInvalid(problem: RowProblem, row: Row, source: RowSource): Promise<void> {
    await this.#sources?.write(`${JSON.stringify(source)}\n`);
    if (this.#invalid === 0) await this.#openRoundZero();
    this.#invalid += 1;
    await this.#writeRoundZero(invalidResultLine(problem), invalidDeadLetter(problem, row));
  }

  async close(): Promise<ShardPlan> {
    await this.#requests.close();
    await this.#sources?.close();
    await this.#results?.close();
    await this.#deadLetters?.close();
    const { bytes } = this.#requests;
    return { rows: this.#sent + this.#invalid, invalid: this.#invalid, requests: this.#sent, bytes };
  }

  async abort(): Promise<void> {
    await this.#requests.abort();
    await this.#sources?.abort();
    await this.#results?.abort();
    await this.#deadLetters?.abort();
  }

  /** The rows before the first invalid one were all sent: an empty line for each, in both files. */
  async #openRoundZero(): Promise<void> {
    this.#results = this.#store.write(roundKey(this.#ref, 0, 'results.jsonl'));
    this.#deadLetters = this.#store.write(roundKey(this.#ref, 0, 'dead-letters.jsonl'));
    const sent = '\n'.repeat(this.#sent);
    await this.#writeRoundZero(sent, sent);
  }

  async #writeRoundZero(result: string, deadLetter: string): Promise<void> {
    await this.#results?.write(result);
    await this.#deadLetters?.write(deadLetter);
  }
}
