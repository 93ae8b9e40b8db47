import type { Job } from '../checkpoints/job.ts';
import { resultsKey } from '../checkpoints/keys.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { checkOf, ENTRY_BYTES, readEntry } from './answer-index.ts';
import { AnswerSources, type JobEntries } from './answer-sources.ts';
import { AnswerTable } from './answer-table.ts';
import { fingerprintOf, type Fingerprint } from './fingerprint.ts';
import { reusableJobs, type EarlierJob } from './reusable-jobs.ts';
import { reusedAnswer, type ReusedAnswer } from './reused-line.ts';
import { hashOfScope, scopeOf } from './scope.ts';

/** Most answers to keep in the table, those of the newest jobs first. */
export const MAX_EARLIER_ANSWERS = 10_000_000;

/** Most bytes per read: lines of one job, with some gaps. */
const READ_BYTES = 4 * 1_048_576;
const GAP_BYTES = 262_144;
const READS_IN_FLIGHT = 4;

/** A possible answer of a row: it must be read and compared with the fingerprint before it counts. */
export interface Candidate {
  readonly fingerprint: Fingerprint;
  /** An index into the list of jobs. */
  readonly job: number;
  readonly start: number;
  readonly length: number;
  readonly check: number;
}

/** The current state of an earlier job's results. */
interface EarlierResults {
  /** Their size; absent if they are deleted. */
  readonly bytes?: number;
  /** The positions of their lines; set if they have changed since the job's index was merged. */
  readonly moved?: AnswerTable;
}

/** A candidate, and the current position of its line. */
interface LocatedCandidate extends Candidate {
  readonly of: Candidate;
}

interface EarlierOptions {
  /** The jobs that an earlier call of the same build used. Default: the current ones. */
  readonly jobs?: readonly EarlierJob[] | undefined;
  /** Default {@link MAX_EARLIER_ANSWERS}. */
  readonly most?: number | undefined;
}

/**
 * The answers of earlier jobs of the same profile. Their indexes are read once, into a table in memory. Lines are read by ranges,
 * for many rows together.
 */
export class EarlierAnswers {
  readonly #store: ObjectStore;
  readonly #scope: string;
  readonly #sources: AnswerSources;
  readonly #jobs: EarlierJob[] = [];
  readonly #table = new AnswerTable();
  /** Results by the number of their job in the list. */
  readonly #results = new Map<number, Promise<EarlierResults>>();

  private constructor(store: ObjectStore, scope: string, sources: AnswerSources) {
    this.#store = store;
    this.#scope = scope;
    this.#sources = sources;
  }

  /**
   * Loads the index of the answers that a job may reuse.
   * @returns undefined for a job that does not reuse answers
   */
  static async open(
    store: ObjectStore,
    job: Job,
    { jobs, most = MAX_EARLIER_ANSWERS }: EarlierOptions = {},
  ): Promise<EarlierAnswers | undefined> {
    const scope = scopeOf(job);
    if (scope === undefined) return undefined;
    const sources = await AnswerSources.open(store, hashOfScope(scope));
    const answers = new EarlierAnswers(store, scope, sources);
    await answers.#load(jobs ?? reusableJobs(store, job, scope), most);
    return answers;
  }

  /** The jobs whose indexes were read, newest first. */
  get jobs(): readonly EarlierJob[] {
    return this.#jobs;
  }

  /** A possible answer for a request line; undefined if no earlier job has one. */
  look(line: Buffer): Candidate | undefined {
    if (this.#table.size === 0) return undefined;
    const fingerprint = fingerprintOf(line, this.#scope);
    if (fingerprint === undefined) return undefined;
    const found = this.#table.find(fingerprint.readUInt32BE(0), fingerprint.readUInt32BE(4));
    return found && { fingerprint, ...found };
  }

  /** Reads candidates. Leaves out those whose line is gone or does not match its entry. */
  async read(candidates: readonly Candidate[]): Promise<Map<Candidate, ReusedAnswer>> {
    const located = await this.#locate(candidates);
    const found = await sideBySide(group(located), (near) => this.#readNear(near), READS_IN_FLIGHT);
    return new Map(found.flat());
  }

  async #load(jobs: AsyncIterable<EarlierJob> | Iterable<EarlierJob>, most: number): Promise<void> {
    // The jobs of a continued build keep their numbers, even if an index no longer exists.
    const entries = this.#sources.read(jobs, (job) => void this.#jobs.push(job));
    for await (const { nth, bytes } of entries) if (!fill(this.#table, { nth, bytes }, most)) return;
  }

  /** Leaves out candidates whose results are deleted, and finds the lines of those that have moved since their index was merged. */
  async #locate(candidates: readonly Candidate[]): Promise<LocatedCandidate[]> {
    const jobs = [...new Set(candidates.map(({ job }) => job))];
    const results = await sideBySide(jobs, (nth) => this.#resultsOf(nth));
    const resultsOf = new Map(jobs.map((nth, n) => [nth, results[n]]));
    return candidates.flatMap((of): LocatedCandidate[] => {
      const { bytes = 0, moved } = resultsOf.get(of.job) ?? {};
      const { fingerprint } = of;
      const now =
        moved === undefined ? of : moved.find(fingerprint.readUInt32BE(0), fingerprint.readUInt32BE(4));
      if (now === undefined || now.start + now.length > bytes) return [];
      const { start, length, check } = now;
      return [{ fingerprint, job: of.job, start, length, check, of }];
    });
  }

  #resultsOf(nth: number): Promise<EarlierResults> {
    const results = this.#results.get(nth) ?? this.#lookAtResults(nth);
    this.#results.set(nth, results);
    return results;
  }

  async #lookAtResults(nth: number): Promise<EarlierResults> {
    const job = this.#jobs[nth];
    const info = job && (await this.#store.stat(resultsKey(job.jobId)));
    if (job === undefined || info === undefined) return {};
    const { bytes } = info;
    const merged = this.#sources.mergedResultBytes(job);
    if (merged === undefined || merged === bytes) return { bytes };
    const moved = new AnswerTable();
    for await (const entries of this.#sources.readOwn({ job, nth }))
      fill(moved, entries, MAX_EARLIER_ANSWERS);
    return { bytes, moved };
  }

  async #readNear(near: readonly LocatedCandidate[]): Promise<[Candidate, ReusedAnswer][]> {
    const [first] = near;
    const job = first && this.#jobs[first.job];
    if (first === undefined || job === undefined) return [];
    const { start } = first;
    const end = near.reduce((last, each) => Math.max(last, endOf(each)), start);
    const bytes = await this.#store.get(resultsKey(job.jobId), { start, end });
    return near.flatMap((each): [Candidate, ReusedAnswer][] => {
      const line = bytes?.subarray(each.start - start, endOf(each) - start);
      if (line === undefined || checkOf(each.fingerprint, line) !== each.check) return [];
      // A copy, because the line would keep the whole range in memory.
      const answer = reusedAnswer(Buffer.from(line), job);
      return answer === undefined ? [] : [[each.of, answer]];
    });
  }
}

/**
 * Adds entries to a table.
 * @returns false if it is full
 */
function fill(table: AnswerTable, { nth, bytes }: JobEntries, most: number): boolean {
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
    if (table.size >= most) return false;
    table.add(readEntry(bytes, at), nth);
  }
  return true;
}

function endOf({ start, length }: Candidate): number {
  return start + length;
}

/** Groups lines of one job that are read together because the gaps between them are small. */
function group(candidates: readonly LocatedCandidate[]): LocatedCandidate[][] {
  const groups: LocatedCandidate[][] = [];
  let end = 0;
  for (const each of candidates.toSorted((a, b) => a.job - b.job || a.start - b.start)) {
    const open = groups.at(-1);
    const first = open?.[0];
    const isNear =
      first?.job === each.job && each.start - end <= GAP_BYTES && endOf(each) - first.start <= READ_BYTES;
    if (isNear) open?.push(each);
    else groups.push([each]);
    end = isNear ? Math.max(end, endOf(each)) : endOf(each);
  }
  return groups;
}
