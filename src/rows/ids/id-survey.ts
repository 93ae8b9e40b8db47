import type { InputRef, Job } from '../../checkpoints/job.ts';
import { InvalidInput } from '../../errors.ts';
import type { Tables } from '../build-state.ts';
import { IdHash } from './id-hash.ts';
import { jobIds, type JobIds } from './job-ids.ts';
import { RepeatedIds } from './repeated-ids.ts';
import { FILTER_BITS, SeenFilter } from './seen-filter.ts';
import { MAX_IDS_AT_ONCE } from './unique-ids.ts';

/** Limits of the ids that a build keeps in memory. */
export interface IdBounds {
  /** Most ids in one table. A job with more ids is surveyed. */
  readonly atOnce: number;
  readonly filterBits: number;
  /** Most ids that occur more than once in a surveyed job; each takes 16 to 22 bytes. */
  readonly repeated: number;
  /** Most rows of a job. */
  readonly rows: number;
}

export const ID_BOUNDS: IdBounds = {
  atOnce: MAX_IDS_AT_ONCE,
  filterBits: FILTER_BITS,
  repeated: 30_000_000,
  rows: 1_000_000_000,
};

interface SurveyParts {
  readonly job: Job;
  /** Seed of the hash. */
  readonly seed: number;
  readonly bounds: IdBounds;
}

/**
 * Reads the ids of all rows of a job before its shards are built, and finds all that occur more than once, plus a few others.
 * Memory grows only with the ids found, not with the rows.
 */
export class IdSurvey {
  readonly #ids: JobIds;
  readonly #hash: IdHash;
  readonly #filter: SeenFilter;
  readonly #bounds: IdBounds;
  readonly repeated: RepeatedIds;

  constructor({ job, seed, bounds }: SurveyParts) {
    this.#hash = new IdHash(seed);
    this.#filter = new SeenFilter(bounds.filterBits);
    this.#bounds = bounds;
    this.repeated = new RepeatedIds(seed);
    const add = (id: string): boolean => !this.#see(id);
    this.#ids = jobIds({ add }, job);
  }

  /** The state that is carried from one call of the build to the next. */
  get tables(): Tables {
    return { filter: this.#filter, repeated: this.repeated };
  }

  startFile(input: InputRef): void {
    this.#ids.startFile(input);
  }

  /** Takes the id of a row; undefined for a row that cannot be sent. */
  note(id: string | undefined, ordinal: number, knownId?: string): void {
    if (ordinal > this.#bounds.rows) throw tooMany(`${this.#bounds.rows} rows`);
    if (id !== undefined) this.#ids.visit(id, knownId);
  }

  #see(id: string): boolean {
    this.#hash.take(id);
    if (!this.#filter.take(this.#hash)) return false;
    this.repeated.note(this.#hash);
    if (this.repeated.size > this.#bounds.repeated)
      throw tooMany(`about ${this.#bounds.repeated} custom_ids that occur more than once`);
    return true;
  }
}

function tooMany(what: string): InvalidInput {
  return new InvalidInput(
    `A job takes at most ${what}, and this input has more; nothing was sent. Split it into several jobs.`,
  );
}
