import { InvalidInput } from '../errors.ts';
import type { RowProblem, ShardPlan } from '../checkpoints/plan.ts';
import type { RowSource } from '../checkpoints/result-line.ts';
import type { ShardLimits } from '../checkpoints/profile.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { SavedWriter } from './build-state.ts';
import { OpenShard, type KnownRow, type RequestToWrite } from './open-shard.ts';
import type { ReadRow, UnreadableRow } from './row.ts';

/**
 * Most shards of a job. Each child of the state machine's map returns `{}`, which makes 240 KB of the 256 KiB that a map may
 * return. Keys have five digits for the number of a shard.
 */
export const MAX_SHARDS = 80_000;

export interface Shards {
  readonly jobId: string;
  readonly limits: ShardLimits;
  /** True to record each row's source, in jobs with several inputs. */
  readonly tellsSources: boolean;
  /** Number of the first shard. Default 0. */
  readonly first?: number | undefined;
}

/** Rejects a job whose next shard would have this number. */
export function rejectTooManyShards(shard: number): void {
  if (shard < MAX_SHARDS) return;
  throw new InvalidInput(
    `A job takes at most ${MAX_SHARDS} shards, and this input needs more; nothing was sent. Split it into several jobs.`,
  );
}

/** Divides a job's rows into shards by exact bytes and rows, and writes each shard's files. */
export class ShardWriter {
  readonly #store: ObjectStore;
  readonly #jobId: string;
  readonly #limits: ShardLimits;
  readonly #tellsSources: boolean;
  readonly #first: number;
  readonly #plans: ShardPlan[];
  #open: OpenShard | undefined;

  private constructor(
    store: ObjectStore,
    { jobId, limits, tellsSources, first = 0 }: Shards,
    plans: readonly ShardPlan[],
  ) {
    this.#plans = [...plans];
    this.#store = store;
    this.#jobId = jobId;
    this.#limits = limits;
    this.#tellsSources = tellsSources;
    this.#first = first;
  }

  /**
   * Opens a writer of shards, or continues a suspended one.
   * @param saved state with an unfinished shard, to continue it
   */
  static async open(store: ObjectStore, shards: Shards, saved?: SavedWriter): Promise<ShardWriter> {
    const writer = new ShardWriter(store, shards, saved?.plans ?? []);
    if (saved?.open === undefined) return writer;
    try {
      await writer.#next().resume(saved.open);
      return writer;
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  /** Suspends the current shard for a later {@link open}. No row may be added afterwards. */
  async suspend(): Promise<SavedWriter> {
    return { plans: this.#plans, open: await this.#open?.suspend() };
  }

  /** Writes a request line, which must fit into a shard. Returns undefined if there is nothing to wait for. */
  addRequest(request: RequestToWrite, source: RowSource): Promise<void> | undefined {
    if (this.#open === undefined) return this.#next().addRequest(request, source);
    if (this.#open.takes(request, this.#limits)) return this.#open.addRequest(request, source);
    return this.#addToNext((shard) => shard.addRequest(request, source));
  }

  /** Writes a row that is not sent into the current shard. */
  addInvalid(problem: RowProblem, row: ReadRow | UnreadableRow, source: RowSource): Promise<void> {
    if (this.#open?.takesUnsent(this.#limits)) return this.#open.addInvalid(problem, row, source);
    return this.#addToNext((shard) => shard.addInvalid(problem, row, source));
  }

  /** Writes a row that is not sent because its result line is known, or an earlier row answers it. */
  addKnown(known: KnownRow, source: RowSource): Promise<void> {
    if (this.#open?.takesUnsent(this.#limits)) return this.#open.addKnown(known, source);
    return this.#addToNext((shard) => shard.addKnown(known, source));
  }

  async #addToNext(add: (shard: OpenShard) => Promise<void> | undefined): Promise<void> {
    await this.#finish();
    await add(this.#next());
  }

  async close(): Promise<readonly ShardPlan[]> {
    await this.#finish();
    return this.#plans;
  }

  async abort(): Promise<void> {
    await this.#open?.abort();
  }

  #next(): OpenShard {
    const shard = this.#first + this.#plans.length;
    rejectTooManyShards(shard);
    this.#open = new OpenShard(this.#store, { jobId: this.#jobId, shard }, this.#tellsSources);
    return this.#open;
  }

  async #finish(): Promise<void> {
    if (this.#open !== undefined) this.#plans.push(await this.#open.close());
    this.#open = undefined;
  }
}
