import type { InputRef, Job } from '../../checkpoints/job.ts';
import { InvalidInput } from '../../errors.ts';
import { known } from '../../provider/dialects/known.ts';
import type { RowSink } from '../builder.ts';
import type { Tables } from '../build-state.ts';
import { IdHash } from './id-hash.ts';
import { JobIds } from './job-ids.ts';
import { RepeatedIds } from './repeated-ids.ts';
import { MAX_CUSTOM_ID } from '../request-line.ts';
import type { RequestMaker } from '../request-maker.ts';
import type { Row } from '../row.ts';
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
  readonly requests: RequestMaker;
  /** Seed of the hash. */
  readonly seed: number;
  readonly bounds: IdBounds;
}

/**
 * Reads the ids of all rows of a job before its shards are built, and finds all that occur more than once, plus a few others.
 * Memory grows only with the ids found, not with the rows.
 */
export class IdSurvey implements RowSink {
  readonly #requests: RequestMaker;
  readonly #ids: JobIds;
  readonly #hash: IdHash;
  readonly #filter: SeenFilter;
  readonly #bounds: IdBounds;
  readonly repeated: RepeatedIds;

  constructor({ job, requests, seed, bounds }: SurveyParts) {
    const { customIdLength } = job.profile.provider.dialect.limits;
    this.#requests = requests;
    this.#hash = new IdHash(seed);
    this.#filter = new SeenFilter(bounds.filterBits);
    this.#bounds = bounds;
    this.repeated = new RepeatedIds(seed);
    const add = (id: string): boolean => !this.#see(id);
    this.#ids = new JobIds({ add }, job.inputs, known(customIdLength, MAX_CUSTOM_ID));
  }

  /** The state that is carried from one call of the build to the next. */
  get tables(): Tables {
    return { filter: this.#filter, repeated: this.repeated };
  }

  startFile(input: InputRef): void {
    this.#ids.startFile(input);
  }

  take(row: Row, ordinal: number, knownId?: string): undefined {
    if (ordinal > this.#bounds.rows) throw tooMany(`${this.#bounds.rows} rows`);
    const made = this.#requests.make(row, ordinal);
    if ('line' in made) this.#ids.visit(made.customId, knownId);
  }

  takeDuplicate(row: Row, ordinal: number): undefined {
    this.take(row, ordinal);
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
