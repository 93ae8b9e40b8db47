import { endPrefix, type MergeProgress } from '../../checkpoints/ending.ts';
import { answerIndexKey, fileKey, resultsKey } from '../../checkpoints/keys.ts';
import { NO_ROWS } from '../../checkpoints/outcomes.ts';
import type { ResultLine } from '../../checkpoints/result-line.ts';
import { CountsDoNotReconcile } from '../../errors.ts';
import { LinesBeside, requiredLines } from '../../jsonl/own-lines.ts';
import type { Pace } from '../../pace.ts';
import { MovedLines } from '../../reuse/move-index.ts';
import type { ObjectStore, ObjectWriter } from '../../store/object-store.ts';
import { sizeOf } from '../round/files/downloads.ts';
import { isRetried, LineTally, markRetried } from './retried-lines.ts';

/** A retry to merge, the time of this call, and what earlier calls have merged. */
export interface Merge {
  readonly jobId: string;
  readonly nth: number;
  readonly retryId: string;
  /** Identifies this end of the retry. */
  readonly since: number;
  readonly pace: Pace;
  readonly before: MergeProgress | undefined;
}

export interface MergedLines {
  readonly progress: MergeProgress;
  /** Moves of the lines of this call, if the job has an index of answers. */
  readonly moved?: MovedLines | undefined;
}

/** Key of the nth part of the new results. */
export const mergedKey = ({ retryId, since }: Merge, n: number): string =>
  `${endPrefix({ jobId: retryId, since })}merged-${n}.jsonl`;

/** Key of the moves that were written by the nth call that moved lines. */
export const movedKey = ({ retryId, since }: Merge, n: number): string =>
  `${endPrefix({ jobId: retryId, since })}moved-${n}.bin`;

/** Writes the next part of the new results, until time runs short. Does not change the job's results yet. */
export async function mergeLines(store: ObjectStore, merge: Merge): Promise<MergedLines> {
  const { jobId, before } = merge;
  const results = await store.stat(resultsKey(jobId));
  if (results === undefined)
    throw new Error(`There is no ${store.locate(resultsKey(jobId))}; was it deleted?`);
  const { mark, bytes } = results;
  // The call that replaced the results may have ended before it recorded that.
  if (before?.isWhole === true && (before.mark === mark || sizeOf(before) === bytes))
    return { progress: before };
  const known = before?.mark === mark ? before : { ...NOTHING_MERGED, mark };
  const hasIndex = (await store.stat(answerIndexKey(jobId))) !== undefined;
  const start = { before: known.from, after: sizeOf(known) };
  await using part = new MergedPart(store, merge, known, hasIndex ? new MovedLines(start) : undefined);
  const writer = store.write(mergedKey(merge, known.parts.length + 1));
  try {
    const from = await part.write(writer, bytes);
    if (from === bytes) await part.rejectMore();
    await writer.close();
    const at = { from, isWhole: from === bytes, parts: [...known.parts, writer.bytes] };
    return { progress: { ...known, ...part.state, ...at }, moved: part.moved };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

const NOTHING_MERGED: Omit<MergeProgress, 'mark'> = {
  isWhole: false,
  from: 0,
  retryFrom: 0,
  parts: [],
  moved: 0,
  counts: NO_ROWS,
  errors: [],
  problems: [],
};

/** The lines of one part of the new results: the retry's line for each row of the retry, otherwise the job's line. */
class MergedPart implements AsyncDisposable {
  readonly #store: ObjectStore;
  readonly #merge: Merge;
  readonly #from: number;
  readonly moved: MovedLines | undefined;
  readonly #tally: LineTally;
  readonly #retried: LinesBeside;
  #retryFrom: number;

  constructor(
    store: ObjectStore,
    merge: Merge,
    { from, retryFrom, ...before }: MergeProgress,
    moved: MovedLines | undefined,
  ) {
    this.#store = store;
    this.moved = moved;
    this.#merge = merge;
    this.#from = from;
    this.#tally = new LineTally(before);
    this.#retryFrom = retryFrom;
    this.#retried = new LinesBeside(linesFrom(store, resultsKey(merge.retryId), retryFrom));
  }

  get state(): Pick<MergeProgress, 'retryFrom' | 'counts' | 'errors' | 'problems'> {
    const { counts, errors, problems } = this.#tally;
    return { retryFrom: this.#retryFrom, counts, errors, problems };
  }

  /**
   * Writes the merged lines to the end of the results, or until time is short.
   * @returns the position of the first line that is not written
   */
  async write(writer: ObjectWriter, end: number): Promise<number> {
    const { jobId, pace } = this.#merge;
    let from = this.#from;
    if (from === end) return from;
    for await (const lines of requiredLines(this.#store, resultsKey(jobId), { start: from })) {
      for (const line of lines) {
        const next = await this.#next(line);
        this.moved?.add(line.length, next.length);
        await writer.write(next);
        from += line.length;
      }
      pace.did();
      if (pace.mustStop) return from;
    }
    return from;
  }

  /**
   * Checks that the results of the retry have no further line.
   * @throws CountsDoNotReconcile if the retry has further lines
   */
  async rejectMore(): Promise<void> {
    if ((await this.#retried.next()).done !== true) throw this.#doesNotFit('more');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#retried[Symbol.asyncDispose]();
  }

  async #next(bytes: Buffer): Promise<Buffer> {
    const { jobId, nth, retryId } = this.#merge;
    const line = parse(bytes);
    if (!isRetried(line, nth)) {
      this.#tally.add(line);
      return bytes;
    }
    const next = await this.#retried.next();
    if (next.done === true) throw this.#doesNotFit('fewer');
    this.#retryFrom += next.value.length;
    const settled = parse(next.value);
    if (settled.ok) await copyFiles(this.#store, settled.files ?? [], { from: retryId, to: jobId });
    this.#tally.add(settled);
    return markRetried(next.value, nth);
  }

  #doesNotFit(how: string): CountsDoNotReconcile {
    const { jobId, retryId } = this.#merge;
    return new CountsDoNotReconcile(
      `Retry ${retryId} has ${how} results than job ${jobId} has rows that are not ok. The results of both are as they were.`,
    );
  }
}

/** Copies files of answers from one job to another. Their names are relative to the results. */
async function copyFiles(
  store: ObjectStore,
  files: readonly string[],
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  for (const file of files) {
    const name = file.replace(/^files\//, '');
    await store.copy(fileKey(to, name), fileKey(from, name));
  }
}

function parse(line: Buffer): ResultLine {
  return JSON.parse(line.toString('utf8')) as ResultLine;
}

async function* linesFrom(store: ObjectStore, key: string, start: number): AsyncGenerator<Buffer, undefined> {
  // A range that starts at the end of an object cannot be requested, so it starts at the newline before.
  let isFirst = start > 0;
  for await (const lines of requiredLines(store, key, { start: isFirst ? start - 1 : 0 })) {
    yield* isFirst ? lines.slice(1) : lines;
    isFirst = false;
  }
  return undefined;
}
