import type { ShardContext } from '../contract.ts';
import type { ProviderEdges } from '../edges.ts';
import { EMBEDDINGS } from '../endpoints/embeddings.ts';
import { endpointAt } from '../endpoints/endpoints.ts';
import { ProviderNotFound, ProviderUnavailable, type Failure } from '../errors.ts';
import type { Collected, Job, OutputRules } from '../job.ts';
import { roundKey, type ShardRef } from '../keys.ts';
import type { Batch, BatchError } from '../provider/batch-provider.ts';
import { MAX_NOT_FOUND_POLLS } from '../polling.ts';
import { isBusy, isTooLarge } from '../provider/classify-error.ts';
import type { Codes } from '../provider/dialects/schema.ts';
import { frameLines, type Line } from '../rows/lines.ts';
import { readCustomId } from '../rows/request-line.ts';
import type { UploadCheckpoint } from '../shard-part.ts';
import { isDirectRound } from '../shard-rounds.ts';
import { readJson, writeJson } from '../store/json.ts';
import type { ObjectStore, ObjectWriter } from '../store/object-store.ts';
import type { OutputCheck } from './check-output.ts';
import { announcedUpload, cleanProvider } from './clean-provider.ts';
import { lastRoundAfter, MAX_GIFTS, type Fate, type RoundFacts } from './decide-row.ts';
import type { ErrorTally } from './error-counts.ts';
import { fetchFile } from './fetch-file.ts';
import { finishShard } from './finish-shard.ts';
import type { ModelTally } from './model-usage.ts';
import { MAX_RESULT_LINE_BYTES, RoundIndex, type RoundRequests } from './round-index.ts';
import { ResultFiles } from './result-files.ts';
import { Scratch } from './scratch.ts';
import { smallerUpload, type SmallerUpload } from './smaller-upload.ts';
import { stopShard } from './stop-shard.ts';
import { ResultSplicer, type ResultRules } from './splice-result.ts';
import { hasManyInputs, RoundWriter, type WriteRound } from './write-round.ts';

/** The round to collect: its batch, or why there is none. */
export interface RoundToCollect extends ShardContext {
  readonly round: number;
  readonly lastRound: number;
  readonly batchId?: string;
  readonly createdAt?: number;
  /** Polls in a row that found no such batch. */
  readonly notFound?: number;
  /** Set when the batch was told to end. */
  readonly cancelledAt?: number;
  /** The provider refused the round's file or batch. */
  readonly refusal?: Failure | undefined;
  /** The provider had no room for it, or lost its file: the rows go to the next round as if nothing had been. */
  readonly givenBack?: Failure | undefined;
}

/**
 * Collects one round: fetch both files, index their lines, write every row's fate, clean up at the provider, and then the
 * checkpoint.
 */
export async function collectRound(
  edges: ProviderEdges,
  job: Job,
  round: RoundToCollect,
): Promise<Collected> {
  const { store } = edges;
  const { codes } = job.profile.provider.dialect;
  const batch = await findBatch(edges, round);
  const direct = await isDirectRound(store, job.profile, round, round.round);
  const context = { ...round, direct, givenBack: round.givenBack ?? failedTooLarge(batch, codes) };
  const upload = await readJson<UploadCheckpoint>(store, roundKey(context, context.round, 'upload.json'));
  const provider = edges.provider(context.provider);
  const now = Math.floor(edges.clock.now() / 1_000);
  const key = (file: 'output.jsonl' | 'errors.jsonl' | 'missing.json'): string =>
    roundKey(context, context.round, file);
  const { endpoint, resultShape, retriableCodes, output: expected } = job.profile;
  const rules = {
    round: context.round,
    endpoint: endpointAt(endpoint),
    resultShape,
    codes: { ...codes, retriable: [...retriableCodes, ...codes.retriable] },
    ...(expected && { output: await openOutputCheck(expected) }),
  };
  const splicer = new ResultSplicer(rules);
  const index = new RoundIndex(await readRequests(store, rules, context), splicer, rules.codes);
  using output = new Scratch();
  using errors = new Scratch();
  const fetch = (fileId: string | undefined, name: 'output.jsonl' | 'errors.jsonl', scratch: Scratch) =>
    fetchFile(
      { store, provider, fileId, key: key(name), missingKey: key('missing.json'), now },
      scratch,
      index.takeIn(scratch),
    );
  await fetch(batch?.outputFileId, 'output.jsonl', output);
  await fetch(batch?.errorFileId, 'errors.jsonl', errors);

  const smaller = await smallerUpload(store, context);
  const facts = roundFacts(context, { batch, index, upload, smaller }, job.profile);
  const missingError = facts.refusal ?? (direct ? NOT_SENT : missingRowError(batch));
  const files = new ResultFiles(store, context.jobId);
  const totals = await writeRound(store, context, { index, splicer, facts, rules, files, missingError });
  const uploaded = upload ?? (await announcedUpload(store, context, context.round));
  const left = await cleanProvider(edges, job, batch, uploaded);
  const collected = {
    ...describeRound(edges, context, batch, index, facts, totals),
    ...(smaller.maxUploadBytes === undefined ? {} : { maxUploadBytes: smaller.maxUploadBytes }),
    ...(left.length === 0 ? {} : { left }),
  };
  await endRound(edges, context, collected);
  await writeJson(store, roundKey(context, context.round, 'collected.json'), collected);
  logRound(edges, context, collected);
  return collected;
}

/** Ajv takes its time to load, and few jobs ask for it. */
async function openOutputCheck({ schema, retry }: OutputRules): Promise<OutputCheck> {
  const { compileSchema } = await import('../output/compile-schema.ts');
  return { match: compileSchema(schema), retry };
}

/**
 * The batch as it ended; one that is gone for good is a batch without files. Answers may lag behind those to the polls, so a
 * batch is gone only when the polls gave it up, and one that runs is taken as it is only when it was told to end.
 * @throws ProviderUnavailable when the answer cannot be the last word
 */
async function findBatch(edges: ProviderEdges, context: RoundToCollect): Promise<Batch | undefined> {
  const { provider, batchId, notFound = 0, cancelledAt } = context;
  if (batchId === undefined) return undefined;
  try {
    const batch = await edges.provider(provider).getBatch(batchId);
    if (batch.phase === 'ended' || cancelledAt !== undefined) return batch;
    throw new ProviderUnavailable(
      `collect batch ${batchId}: it had ended, and is told to be ${batch.status}.`,
    );
  } catch (error) {
    if (!(error instanceof ProviderNotFound)) throw error;
    // Both files are in the store by then: it went with the files that were deleted after them.
    const isFetched =
      (await edges.store.stat(roundKey(context, context.round, 'results.jsonl'))) !== undefined;
    if (isFetched || notFound >= MAX_NOT_FOUND_POLLS) return undefined;
    throw new ProviderUnavailable(`collect batch ${batchId}: it had ended, and is not found.`, {
      cause: error,
    });
  }
}

async function readRequests(
  store: ObjectStore,
  { endpoint }: ResultRules,
  context: RoundToCollect,
): Promise<RoundRequests> {
  const customIds: string[] = [];
  const manyInputs = new Set<number>();
  for await (const lines of await requestLines(store, context, context.round)) {
    for (const { bytes } of lines) {
      if (bytes === undefined) continue;
      if (endpoint === EMBEDDINGS && hasManyInputs(bytes)) manyInputs.add(customIds.length);
      customIds.push(readCustomId(bytes));
    }
  }
  return { customIds, manyInputs };
}

async function requestLines(
  store: ObjectStore,
  ref: ShardRef,
  round: number,
): Promise<AsyncIterable<Line[]>> {
  const key = roundKey(ref, round, 'requests.jsonl');
  const object = await store.open(key);
  if (object === undefined) throw new Error(`There is no ${store.locate(key)}; was it deleted?`);
  return frameLines(object.body, MAX_RESULT_LINE_BYTES);
}

interface RoundFindings {
  readonly batch: Batch | undefined;
  readonly index: RoundIndex;
  readonly upload: UploadCheckpoint | undefined;
  readonly smaller: SmallerUpload;
}

function roundFacts(
  { round, lastRound, refusal, givenBack, direct, cancelledAt }: CollectedRound,
  { batch, index, upload, smaller }: RoundFindings,
  { rounds, provider, late }: Job['profile'],
): RoundFacts & { readonly sendNext?: 'direct' } {
  const { requests, answered, halted } = index;
  const facts = {
    round,
    lastRound,
    refusal,
    halted,
    namedLines: new Map([...namedLines(batch), ...smaller.tooLarge]),
    sent: direct ? answered : givenBack === undefined ? (upload?.part?.requests ?? requests) : 0,
    givenBack: givenBack !== undefined || failedBusy(batch, provider.dialect.codes),
  };
  const last = lastRoundAfter({ ...facts, requests, answered }, rounds);
  // Rows that were answered for passing reasons are among those left: without an end they would be for ever.
  if (direct) return { ...facts, lastRound: Math.min(last, rounds + MAX_GIFTS), sendNext: 'direct' };
  const expired = batch?.ending === 'expired' || cancelledAt !== undefined;
  const isLate = late !== undefined && !halted && !facts.givenBack && (expired || round >= last);
  return isLate ? { ...facts, lastRound: round + 1, sendNext: 'direct' } : { ...facts, lastRound: last };
}

/** A round whose way is known. */
type CollectedRound = RoundToCollect & {
  /** It was sent row by row. */
  readonly direct: boolean;
};

/** OpenAI takes a batch and fails it afterwards when too many tokens are queued. */
function failedBusy(batch: Batch | undefined, codes: Codes): boolean {
  return (
    batch?.ending === 'failed' &&
    batch.errors.length > 0 &&
    batch.errors.every(({ code, message }) => isBusy(code, message, codes))
  );
}

/** A file may be taken and found too long afterwards. */
function failedTooLarge(batch: Batch | undefined, codes: Codes): Failure | undefined {
  if (batch?.ending !== 'failed') return undefined;
  const error = batch.errors.find(({ code, message }) => isTooLarge(code, message, codes));
  return error && { name: 'ProviderTooLarge', code: error.code, message: error.message };
}

/** Lines that a failed validation names, counted from 0 as requests are. */
function namedLines(batch: Batch | undefined): ReadonlyMap<number, BatchError> {
  if (batch?.ending !== 'failed') return new Map();
  return new Map(
    batch.errors.flatMap((error) => (error.line === undefined ? [] : [[error.line - 1, error] as const])),
  );
}

interface Written extends Record<Fate, number> {
  readonly models: ModelTally;
  readonly errors: ErrorTally;
}

async function writeRound(
  store: ObjectStore,
  context: RoundToCollect,
  written: WriteRound,
): Promise<Written> {
  const { round } = context;
  const writers = {
    results: store.write(roundKey(context, round, 'results.jsonl')),
    deadLetters: store.write(roundKey(context, round, 'dead-letters.jsonl')),
    nextRequests: store.write(roundKey(context, round + 1, 'requests.jsonl')),
  };
  const writer = new RoundWriter(written, writers);
  try {
    let ordinal = 0;
    for await (const lines of await requestLines(store, context, round)) {
      for (const { bytes } of lines) {
        if (bytes === undefined) continue;
        // Most rows need not be waited for, and a promise for each would take as long as the rest.
        const pending = writer.write(ordinal, bytes);
        if (pending !== undefined) await pending;
        ordinal += 1;
      }
    }
    await writer.end();
    await closeWriters(writers, writer.totals.deferred > 0);
    return { ...writer.totals, models: written.splicer.models(), errors: writer.errors };
  } catch (error) {
    await Promise.all(Object.values(writers).map((each) => each.abort()));
    throw error;
  }
}

async function closeWriters(
  writers: Readonly<Record<'results' | 'deadLetters' | 'nextRequests', ObjectWriter>>,
  hasNext: boolean,
): Promise<void> {
  await writers.results.close();
  await writers.deadLetters.close();
  await (hasNext ? writers.nextRequests.close() : writers.nextRequests.abort());
}

const NOT_SENT = {
  code: 'NOT_SENT',
  message: 'The provider took no further calls for so long that it was given up.',
};

/** What a row is told that is in neither file: why its batch ended, where the batch says so. */
function missingRowError(batch: Batch | undefined): Pick<Failure, 'code' | 'message'> {
  const error = batch?.errors.find(({ line }) => line === undefined);
  if (error !== undefined) return { code: error.code, message: error.message };
  const ended = batch === undefined ? 'is gone' : `ended as ${batch.status}`;
  return { code: 'MISSING_RESULT', message: `The batch ${ended} without a result for this row.` };
}

function describeRound(
  { clock }: ProviderEdges,
  { shard, round, batchId, createdAt, refusal, givenBack, direct }: CollectedRound,
  batch: Batch | undefined,
  index: RoundIndex,
  { lastRound, halted, sent, sendNext }: RoundFacts & { readonly sendNext?: 'direct' },
  { models, errors, ...rows }: Written,
): Collected {
  const { requests } = index;
  const seconds =
    createdAt === undefined ? undefined : Math.max(0, Math.floor(clock.now() / 1_000) - createdAt);
  const failure = refusal ?? givenBack ?? index.haltedBy;
  return {
    round,
    requests,
    ...rows,
    missing: Math.max(0, index.missing - (requests - sent)),
    duplicates: index.duplicates,
    unknown: index.unknown,
    unknownIds: index.unknownIds,
    unreadable: index.unreadable,
    usage: models.total(),
    models: models.list(),
    errors: errors.list(),
    batch: {
      shard,
      round,
      batchId,
      status: direct ? 'direct' : batch?.status,
      requests: sent,
      ...(createdAt !== undefined && { createdAt: new Date(createdAt * 1_000).toISOString() }),
      seconds,
    },
    next: halted ? 'stop' : rows.deferred > 0 ? 'retry' : 'done',
    ...(failure === undefined ? {} : { failure }),
    ...(sendNext === undefined ? {} : { sendNext }),
    lastRound,
  };
}

/** What has to be in the store before the checkpoint says that the round is over. */
async function endRound(edges: ProviderEdges, context: RoundToCollect, collected: Collected): Promise<void> {
  if (collected.next === 'done') await finishShard(edges, context, collected);
  if (collected.next === 'stop' && collected.failure !== undefined) {
    await stopShard(edges, context, collected.round + 1, collected.failure, collected);
  }
}

function logRound({ log }: ProviderEdges, { jobId, shard }: ShardRef, collected: Collected): void {
  const { round, ok, failed, exhausted, deferred, next } = collected;
  const { invalid_output = 0, missing, duplicates, unknown, unreadable } = collected;
  const unexplained = { missing, duplicates, unknown, unreadable };
  const outcomes = { ok, failed, exhausted, invalid_output, deferred };
  log('round_collected', { jobId, shard, round, ...outcomes, ...unexplained, next });
}
