import { answerIndexKey } from '../checkpoints/keys.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { ENTRY_BYTES, readHead, wholeEntries } from './answer-index.ts';
import { listMerged, sectionsOf, type MergedIndex, type Section } from './merged-index.ts';
import { nameOf, type EarlierJob } from './reusable-jobs.ts';

/** Whole entries of one job's index. */
export interface JobEntries {
  /** Which of the jobs, counted from 0. */
  readonly nth: number;
  readonly bytes: Buffer;
}

interface NthJob {
  readonly nth: number;
  readonly job: EarlierJob;
}

/** A job whose entries a merged index has. */
interface MergedSection extends NthJob {
  readonly section: Section;
}

/**
 * Reads the indexes of jobs, in the order of the jobs: from merged indexes where those have them, and else each from its own object.
 */
export class AnswerSources {
  readonly #store: ObjectStore;
  readonly #sections = new Map<string, Section>();

  constructor(store: ObjectStore, merged: readonly MergedIndex[] = []) {
    this.#store = store;
    for (const each of merged)
      for (const { job, section } of sectionsOf(each))
        if (section !== undefined) this.#sections.set(nameOf(job), section);
  }

  /** @param scope the hash of the scope */
  static async open(store: ObjectStore, scope: string): Promise<AnswerSources> {
    return new AnswerSources(store, await listMerged(store, scope));
  }

  /** The size of the results that a job's entries in a merged index are about; undefined for a job that none has. */
  mergedResultBytes(job: EarlierJob): number | undefined {
    return this.#sections.get(nameOf(job))?.resultBytes;
  }

  /** @param onJob called for each job before its entries, also for one that has none */
  async *read(
    jobs: AsyncIterable<EarlierJob> | Iterable<EarlierJob>,
    onJob: (job: EarlierJob) => void,
  ): AsyncGenerator<JobEntries> {
    // Jobs whose entries stand behind one another are read at once.
    let run: MergedSection[] = [];
    let nth = 0;
    for await (const job of jobs) {
      const section = this.#sections.get(nameOf(job));
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

  /** Reads the index that a job has beside its results. */
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
      // Merged into a larger one since it was listed, or there is nothing to read.
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

/** Says of which job each entry is. */
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
