import type { Job } from '../checkpoints/job.ts';
import { answerIndexKey, resultsKey } from '../checkpoints/keys.ts';
import { sideBySide } from '../side-by-side.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { checkOf, ENTRY_BYTES, readEntry, readHead, wholeEntries } from './answer-index.ts';
import { AnswerTable } from './answer-table.ts';
import { fingerprintOf, type Fingerprint } from './fingerprint.ts';
import { reusableJobs, type EarlierJob } from './reusable-jobs.ts';
import { reusedAnswer, type ReusedAnswer } from './reused-line.ts';
import { scopeOf } from './scope.ts';

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
  readonly #jobs: EarlierJob[] = [];
  readonly #table = new AnswerTable();
  /** Size of each job's results; undefined if they are deleted. */
  readonly #sizes = new Map<number, Promise<number | undefined>>();

  private constructor(store: ObjectStore, scope: string) {
    this.#store = store;
    this.#scope = scope;
  }

  /** @returns undefined for a job that does not reuse answers */
  static async open(
    store: ObjectStore,
    job: Job,
    { jobs, most = MAX_EARLIER_ANSWERS }: EarlierOptions = {},
  ): Promise<EarlierAnswers | undefined> {
    const scope = scopeOf(job);
    if (scope === undefined) return undefined;
    const answers = new EarlierAnswers(store, scope);
    for await (const earlier of jobs ?? reusableJobs(store, job, scope)) {
      if (answers.#table.size >= most) break;
      await answers.#load(earlier, most);
    }
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
    const found = await sideBySide(group(candidates), (near) => this.#readNear(near), READS_IN_FLIGHT);
    return new Map(found.flat());
  }

  async #load(job: EarlierJob, most: number): Promise<void> {
    const index = await this.#store.open(answerIndexKey(job.jobId));
    // Jobs of a continued build keep their numbers, whether or not their index still exists.
    const nth = this.#jobs.push(job) - 1;
    if (index === undefined) return;
    try {
      let isHead = true;
      for await (const bytes of wholeEntries(index.body)) {
        if (isHead && readHead(bytes) === undefined) return;
        for (let at = isHead ? ENTRY_BYTES : 0; at < bytes.length; at += ENTRY_BYTES) {
          if (this.#table.size >= most) return;
          this.#table.add(readEntry(bytes, at), nth);
        }
        isHead = false;
      }
    } finally {
      index.close();
    }
  }

  async #readNear(near: readonly Candidate[]): Promise<[Candidate, ReusedAnswer][]> {
    const [first] = near;
    const job = first && this.#jobs[first.job];
    if (first === undefined || job === undefined) return [];
    const size = (await this.#sizeOf(first.job, job)) ?? 0;
    const inside = near.filter((each) => endOf(each) <= size);
    if (inside.length === 0) return [];
    const { start } = first;
    const end = Math.max(...inside.map(endOf));
    const bytes = await this.#store.get(resultsKey(job.jobId), { start, end });
    return inside.flatMap((each): [Candidate, ReusedAnswer][] => {
      const line = bytes?.subarray(each.start - start, endOf(each) - start);
      if (line === undefined || checkOf(each.fingerprint, line) !== each.check) return [];
      // A copy, because the line would keep the whole range in memory.
      const answer = reusedAnswer(Buffer.from(line), job);
      return answer === undefined ? [] : [[each, answer]];
    });
  }

  #sizeOf(nth: number, { jobId }: EarlierJob): Promise<number | undefined> {
    const known = this.#sizes.get(nth);
    if (known !== undefined) return known;
    const size = this.#store.stat(resultsKey(jobId)).then((info) => info?.bytes);
    this.#sizes.set(nth, size);
    return size;
  }
}

function endOf({ start, length }: Candidate): number {
  return start + length;
}

/** Groups lines of one job that are read together because the gaps between them are small. */
function group(candidates: readonly Candidate[]): Candidate[][] {
  const groups: Candidate[][] = [];
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
