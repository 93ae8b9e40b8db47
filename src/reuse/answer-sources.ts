import { answerIndexKey } from '../checkpoints/keys.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { ENTRY_BYTES, readHead, wholeEntries } from './answer-index.ts';
import { listMerged, sectionsOf, type MergedIndex, type Section } from './merged-index.ts';
import { entryNameOf, type EarlierJob } from './reusable-jobs.ts';

/** Complete entries of one job's index. */
export interface JobEntries {
  /** The job's number in the list, from 0. */
  readonly nth: number;
  readonly bytes: Buffer;
}

interface NthJob {
  readonly nth: number;
  readonly job: EarlierJob;
}

/** A job whose entries are in a merged index. */
interface MergedSection extends NthJob {
  readonly section: Section;
}

/**
 * Reads the indexes of jobs, in the order of the jobs: from merged indexes if they have them, otherwise each from its own object.
 */
export class AnswerSources {
  readonly #store: ObjectStore;
  readonly #sections = new Map<string, Section>();

  constructor(store: ObjectStore, merged: readonly MergedIndex[] = []) {
    this.#store = store;
    for (const each of merged)
      for (const { job, section } of sectionsOf(each))
        if (section !== undefined) this.#sections.set(entryNameOf(job), section);
  }

  /**
   * Opens the merged indexes of a scope.
   * @param scope the hash of the scope
   */
  static async open(store: ObjectStore, scope: string): Promise<AnswerSources> {
    return new AnswerSources(store, await listMerged(store, scope));
  }

  /** The size of the results to which a job's entries in a merged index refer; undefined if no merged index has the job. */
  mergedResultBytes(job: EarlierJob): number | undefined {
    return this.#sections.get(entryNameOf(job))?.resultBytes;
  }

  /**
   * Reads the entries of jobs, from a merged index if one has them.
   * @param onJob called for each job before its entries, also for a job without entries
   */
  async *read(
    jobs: AsyncIterable<EarlierJob> | Iterable<EarlierJob>,
    onJob: (job: EarlierJob) => void,
  ): AsyncGenerator<JobEntries> {
    // Adjacent entries of several jobs are read with one request.
    let run: MergedSection[] = [];
    let nth = 0;
    for await (const job of jobs) {
      const section = this.#sections.get(entryNameOf(job));
      const last = run.at(-1)?.section;
      if (last !== undefined && !(section?.key === last.key && section.start === last.end)) {
        yield* this.#readRun(run);
        run = [];
      }
      onJob(job);
      if (section === undefined) yield* this.readOwn({ job, nth });
      else run.push({ job, nth, section });
      nth += 1;
    }
    yield* this.#readRun(run);
  }

  /** Reads a job's own index, which is beside its results. */
  async *readOwn({ job: { jobId }, nth }: NthJob): AsyncGenerator<JobEntries> {
    const index = await this.#store.open(answerIndexKey(jobId));
    if (index === undefined) return;
    try {
      let isHead = true;
      for await (const bytes of wholeEntries(index.body)) {
        if (isHead && readHead(bytes) === undefined) return;
        yield { nth, bytes: isHead ? bytes.subarray(ENTRY_BYTES) : bytes };
        isHead = false;
      }
    } finally {
      index.close();
    }
  }

  async *#readRun(run: readonly MergedSection[]): AsyncGenerator<JobEntries> {
    const [first, last] = [run[0]?.section, run.at(-1)?.section];
    if (first === undefined || last === undefined) return;
    const { key, start } = first;
    const merged = last.end === start ? undefined : await this.#store.open(key, { start, end: last.end });
    if (merged === undefined) {
      // Read from the jobs' own indexes if the merged index was deleted since it was listed.
      if (last.end > start) for (const each of run) yield* this.readOwn(each);
      return;
    }
    try {
      yield* divide(run, wholeEntries(merged.body));
    } finally {
      merged.close();
    }
  }
}

/** Divides the entries by job. */
async function* divide(
  run: readonly MergedSection[],
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<JobEntries> {
  const left = [...run];
  let at = run[0]?.section.start ?? 0;
  for await (const chunk of chunks) {
    let rest = chunk;
    while (rest.length > 0) {
      const [job] = left;
      if (job === undefined) return;
      const bytes = rest.subarray(0, job.section.end - at);
      if (bytes.length > 0) yield { nth: job.nth, bytes };
      at += bytes.length;
      rest = rest.subarray(bytes.length);
      if (at === job.section.end) left.shift();
    }
  }
}
