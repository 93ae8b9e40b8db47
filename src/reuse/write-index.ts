import type { IndexProgress } from '../checkpoints/ending.ts';
import type { Job } from '../checkpoints/job.ts';
import { answerIndexKey, resultsKey, roundKey, shardKey, type ShardFile } from '../checkpoints/keys.ts';
import { hasRoundZero, type Plan } from '../checkpoints/plan.ts';
import { isNotOk, readCustomId } from '../jsonl/custom-id.ts';
import { eachOwnLine, LinesBeside, requiredLines } from '../jsonl/own-lines.ts';
import type { Pace } from '../pace.ts';
import type { ObjectStore, ObjectWriter } from '../store/object-store.ts';
import { checkOf, writeEntries, writeHead, type IndexedAnswer } from './answer-index.ts';
import { MAX_EARLIER_ANSWERS } from './earlier-answers.ts';
import { fingerprintOf } from './fingerprint.ts';
import { readFollowLine } from './follow-line.ts';
import { mergeIndexes } from './merge-indexes.ts';
import { reusableKey } from './reusable-jobs.ts';
import { hashOfScope, scopeOf } from './scope.ts';

interface JobToIndex {
  readonly job: Job;
  readonly plan: Plan;
  /** Returns the file from which a shard's part of the results was joined. */
  readonly fileOf: (shard: number) => ShardFile;
  /** The time at which the results were written, ISO 8601. */
  readonly at: string;
}

/** The time of this call, and what earlier calls have written. */
interface IndexInParts {
  readonly pace: Pace;
  readonly before: IndexProgress | undefined;
  /** Key of the nth part, from 2. */
  readonly partKey: (n: number) => string;
}

/**
 * Writes the index of a job's answers beside its results, for later jobs that reuse answers. It contains the rows that were sent
 * and are ok. Rows that were not sent are left out, because the job that answered them has their answer. Afterwards merges the
 * small indexes, if there are many.
 * @returns the progress, if time ran short and another call must index the other shards
 */
export async function writeAnswerIndex(
  store: ObjectStore,
  { job, plan, fileOf, at }: JobToIndex,
  inParts?: IndexInParts,
): Promise<IndexProgress | undefined> {
  const scope = scopeOf(job);
  const { jobId } = job;
  const results = scope === undefined ? undefined : await store.stat(resultsKey(jobId));
  if (scope === undefined || results === undefined) return undefined;
  const key = answerIndexKey(jobId);
  const { before = NOTHING_WRITTEN, pace, partKey = () => key } = inParts ?? {};
  const { parts } = before;
  const nth = parts.length + 1;
  const writer = store.write(nth === 1 ? key : partKey(nth));
  try {
    if (nth === 1) await writer.write(writeHead(results.bytes));
    const written = await writeShards(store, writer, { jobId, plan, fileOf, scope, before, pace });
    if (written === undefined || (written.entries === 0 && written.isWhole && nth === 1)) {
      await writer.abort();
      return undefined;
    }
    await writer.close();
    const { isWhole, ...progress } = written;
    const all = [...parts, writer.bytes];
    if (!isWhole) return { ...progress, parts: all };
    const keys = all.map((_, n) => (n === 0 ? key : partKey(n + 1)));
    if (keys.length > 1) await store.concat(key, keys, all);
  } catch (error) {
    await writer.abort();
    throw error;
  }
  await store.put(reusableKey(scope, { jobId, at }), '');
  await mergeIndexes(store, hashOfScope(scope));
  return undefined;
}

const NOTHING_WRITTEN: IndexProgress = { shard: 0, start: 0, entries: 0, pilot: 0, parts: [] };

interface Shards extends Pick<JobToIndex, 'plan' | 'fileOf'> {
  readonly jobId: string;
  readonly scope: string;
  readonly before: IndexProgress;
  readonly pace: Pace | undefined;
}

type WrittenShards = Omit<IndexProgress, 'parts'> & { readonly isWhole: boolean };

/**
 * Writes the entries of shards until time runs short.
 * @returns undefined if a shard's requests do not match its results: then no answer of the job is reused
 */
async function writeShards(
  store: ObjectStore,
  writer: ObjectWriter,
  { jobId, plan, fileOf, scope, before, pace }: Shards,
): Promise<WrittenShards | undefined> {
  await using pilot = new PilotRequests(store, jobId, plan, before.pilot);
  let { shard, start, entries } = before;
  for (; shard < plan.shards.length && entries < MAX_EARLIER_ANSWERS; shard += 1) {
    const shardPlan = plan.shards[shard];
    if (shardPlan === undefined || shardPlan.pilot === true) continue;
    if (pace?.mustStop === true) return { shard, start, entries, pilot: pilot.taken, isWhole: false };
    const ref = { jobId, shard };
    await using unsent = hasRoundZero(shardPlan)
      ? LinesBeside.of(store, roundKey(ref, 0, 'results.jsonl'))
      : undefined;
    await using sent = LinesBeside.of(store, roundKey(ref, 1, 'requests.jsonl'));
    const requests = new RequestsOfRows({ sent, unsent, pilot, rows: plan.rows });
    const part = await readPart(store, shardKey(ref, fileOf(shard)), requests, { scope, start });
    if (part === undefined) return undefined;
    const answers = part.answers.slice(0, MAX_EARLIER_ANSWERS - entries);
    await writer.write(writeEntries(answers));
    entries += answers.length;
    start = part.end;
    pace?.did();
  }
  return { shard, start, entries, pilot: pilot.taken, isWhole: true };
}

/** The requests of a pilot, in the order of its rows. */
class PilotRequests implements AsyncDisposable {
  readonly #requests: AsyncGenerator<Buffer, undefined>;
  /** Number of requests that are taken, those of earlier calls included. */
  taken: number;
  #toSkip: number;

  constructor(store: ObjectStore, jobId: string, plan: Plan, before: number) {
    this.#requests = pilotRequests(store, jobId, plan);
    this.taken = before;
    this.#toSkip = before;
  }

  async next(): Promise<Buffer | undefined> {
    for (; this.#toSkip > 0; this.#toSkip -= 1) await this.#requests.next();
    this.taken += 1;
    return (await this.#requests.next()).value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#requests.return(undefined);
  }
}

async function* pilotRequests(
  store: ObjectStore,
  jobId: string,
  { shards }: Plan,
): AsyncGenerator<Buffer, undefined> {
  for (const [shard, { pilot }] of shards.entries())
    if (pilot === true) yield* eachOwnLine(store, roundKey({ jobId, shard }, 1, 'requests.jsonl'));
  return undefined;
}

interface RequestFiles {
  readonly sent: LinesBeside;
  /** Round 0: one line per row, empty for rows that are sent. */
  readonly unsent: LinesBeside | undefined;
  readonly pilot: PilotRequests;
  /** Number of rows of the job. A row that follows a later one was sent in the pilot. */
  readonly rows: number;
}

/** The requests of a shard's rows, in order. */
class RequestsOfRows {
  readonly #files: RequestFiles;

  constructor(files: RequestFiles) {
    this.#files = files;
  }

  /** The request of the next row: 'unsent' if it was not sent, undefined if the files end too early. */
  async next(): Promise<Buffer | 'unsent' | undefined> {
    const { sent, unsent, pilot, rows } = this.#files;
    const decided = (await unsent?.next())?.value;
    if (decided === undefined || decided.length === 1) return (await sent.next()).value;
    const { leader = -1 } = readFollowLine(decided) ?? {};
    return leader < rows ? 'unsent' : pilot.next();
  }
}

interface Part {
  readonly answers: IndexedAnswer[];
  /** Position of the next shard's lines in the results. */
  readonly end: number;
}

/** Reads the result lines of a shard together with the requests of its rows. */
async function readPart(
  store: ObjectStore,
  results: string,
  requests: RequestsOfRows,
  { scope, start }: { readonly scope: string; readonly start: number },
): Promise<Part | undefined> {
  const answers: IndexedAnswer[] = [];
  let end = start;
  for await (const lines of requiredLines(store, results)) {
    for (const line of lines) {
      const from = end;
      end += line.length;
      const request = await requests.next();
      if (request === 'unsent') continue;
      if (request === undefined || readCustomId(request) !== readCustomId(line)) return undefined;
      const fingerprint = isNotOk(line) ? undefined : fingerprintOf(request, scope);
      if (fingerprint === undefined) continue;
      answers.push({ fingerprint, start: from, length: line.length, check: checkOf(fingerprint, line) });
    }
  }
  return { answers, end };
}
