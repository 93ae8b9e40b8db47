import { builtInDialect } from '../../src/provider/dialects/dialects.ts';
import type { CollectedContext, CollectingContext, LookContext, PolledContext } from '../../src/contract.ts';
import type { ProviderEdges } from '../../src/edges.ts';
import { ProviderNotFound } from '../../src/errors.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import type { Plan } from '../../src/checkpoints/plan.ts';
import type { NotOkLine, ResultLine } from '../../src/checkpoints/result-line.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import {
  deadLettersKey,
  jobKey,
  planKey,
  resultsKey,
  roundKey,
  summaryKey,
} from '../../src/checkpoints/keys.ts';
import type { Batch, BatchProvider } from '../../src/provider/batch-provider.ts';
import { ShardWriter } from '../../src/rows/shard-writer.ts';
import { collectResults } from '../../src/steps/collect-results.ts';
import { writeResults } from '../../src/steps/write-results.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { requireJson, writeJson } from '../../src/store/json.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openTempFolder } from '../support/temp-folder.ts';

export const JOB_ID = 'job-1';
export const REF = { jobId: JOB_ID, shard: 0 };

/** The batch and the files of a round at the provider. */
export interface Round {
  readonly batch?: Partial<Batch>;
  readonly output?: string | undefined;
  readonly errors?: string | undefined;
  /** The provider no longer finds the batch. */
  readonly gone?: boolean;
  /** Seconds by which the clock moves before the collect. */
  readonly secondsLater?: number;
  /** Fields that the polls have added to the step's input. */
  readonly polled?: Partial<PolledContext>;
}

export type Collecting = CollectedContext | LookContext | CollectingContext;

interface Shard {
  readonly edges: ProviderEdges;
  readonly store: ObjectStore;
  readonly folder: string;
  /** Collects a round as the state machine does after its batch has ended. */
  collect(
    context: Pick<CollectedContext, 'round' | 'lastRound'> | undefined,
    round: Round,
  ): Promise<Collecting>;
  /** Collects a round as after an error that the state machine has caught. */
  collectError(name: string, message: string, context?: Partial<PolledContext>): Promise<Collecting>;
  write(): Promise<{ summary: Summary; results: ResultLine[]; deadLetters: NotOkLine[] }>;
}

/**
 * Opens a shard with the rows q0, q1, … as Build leaves it. The rows of `invalid` are not sent. If `inPlace` is false, the objects are not files
 * of this machine, as in a bucket.
 */
export async function openShard(
  rows: number,
  invalid: readonly number[] = [],
  rounds = 4,
  inPlace = true,
): Promise<Shard> {
  const folder = await openTempFolder();
  const { file, ...far } = createFolderStore(folder);
  const store: ObjectStore = inPlace && file !== undefined ? { ...far, file } : far;
  await writePlan(store, rows, invalid, rounds);
  let current: Round = {};
  const edges: ProviderEdges = {
    store,
    provider: () => providerOf(() => current),
    clock: { now: () => 1_790_000_000_000 + 1_000 * (current.secondsLater ?? 0) },
    random: () => 0.5,
    wait: () => Promise.resolve(),
    log: () => undefined,
  };
  return {
    edges,
    store,
    folder,
    collect(context, round) {
      current = round;
      const ended = polled(context?.round ?? 1, context?.lastRound ?? rounds);
      return collectResults(edges, { ...ended, age: round.secondsLater ?? 0, ...round.polled });
    },
    collectError: (name, message, context = {}) =>
      collectResults(edges, {
        ...base,
        ...context,
        error: { Error: name, Cause: JSON.stringify({ errorMessage: message }) },
      }),
    async write() {
      await writeResults(edges, { jobId: JOB_ID });
      return {
        summary: await requireJson<Summary>(store, summaryKey(JOB_ID)),
        results: await readLines<ResultLine>(store, resultsKey(JOB_ID)),
        deadLetters: await readLines<NotOkLine>(store, deadLettersKey(JOB_ID)),
      };
    },
  };
}

export const base = {
  ...REF,
  provider: { name: 'p', baseUrl: 'http://127.0.0.1:9/v1', dialect: builtInDialect('melious') },
  polling: { minSeconds: 1, maxSeconds: 2, fraction: 0.1, graceSeconds: 1 },
} as const;

export function polled(round: number, lastRound: number): PolledContext {
  const context: PolledContext = {
    ...base,
    round,
    lastRound,
    fileId: 'file_1',
    batchId: 'batch_1',
    createdAt: 1_789_999_000,
    deadline: 1_799_999_999,
    waitSeconds: 1,
    nextPollAt: 0,
    polls: 1,
    notFound: 0,
    phase: 'ended',
    status: 'succeeded',
  };
  return context;
}

async function writePlan(
  store: ObjectStore,
  rows: number,
  invalid: readonly number[],
  rounds: number,
): Promise<void> {
  const profile = {
    name: 'default',
    provider: base.provider,
    endpoint: '/v1/chat/completions',
    body: {},
    strict: false,
    rounds,
    retryWaitSeconds: 60,
    retriableCodes: [],
    completionWindow: '24h',
    shardLimits: { maxBytes: 1_000_000, maxRows: 1_000 },
    polling: base.polling,
    resultShape: 'compact',
    budget: {},
    keepProviderFiles: false,
  } as const;
  const job: Job = {
    jobId: JOB_ID,
    inputs: [{ key: 'input/a.jsonl' }],
    profile,
    createdAt: '2026-09-21T00:00:00.000Z',
  };
  const writer = await ShardWriter.open(store, {
    jobId: JOB_ID,
    limits: profile.shardLimits,
    tellsSources: false,
  });
  for (let row = 0; row < rows; row += 1) {
    const request = {
      custom_id: `q${row}`,
      method: 'POST',
      url: profile.endpoint,
      body: { model: 'm', row },
    };
    const source = { file: 'input/a.jsonl', line: row + 1 };
    const problem = { line: row + 1, custom_id: `q${row}`, code: 'NO_PROMPT', message: 'm' } as const;
    if (invalid.includes(row))
      await writer.addInvalid(
        problem,
        { kind: 'read', line: row + 1, value: { custom_id: `q${row}` } },
        source,
      );
    else await writer.addRequest({ line: Buffer.from(`${JSON.stringify(request)}\n`), inputs: 1 }, source);
  }
  const plan: Plan = {
    rows,
    invalid: invalid.length,
    inputTokens: 0,
    shards: await writer.close(),
    problems: [],
  };
  await writeJson(store, jobKey(JOB_ID), job);
  await writeJson(store, planKey(JOB_ID), plan);
}

export function providerOf(round: () => Round): BatchProvider {
  const files: Record<string, () => string | undefined> = {
    out: () => round().output,
    err: () => round().errors,
  };
  const unused = (): never => {
    throw new Error('Collect has no business here.');
  };
  return {
    uploadFile: unused,
    findFile: unused,
    findFiles: unused,
    fileBytes: () => Promise.resolve(undefined),
    createBatch: unused,
    findBatch: () => Promise.resolve(undefined),
    findBatches: () => Promise.resolve([]),
    cancelBatch: unused,
    send: unused,
    deleteFile: () => Promise.resolve(),
    getBatch: async (id) => {
      if (round().gone === true) throw new ProviderNotFound('get batch: 404');
      return {
        id,
        status: 'succeeded',
        phase: 'ended',
        ending: 'succeeded',
        inputFileId: 'file_1',
        outputFileId: round().output === undefined ? undefined : 'out',
        errorFileId: round().errors === undefined ? undefined : 'err',
        counts: undefined,
        errors: [],
        metadata: {},
        createdAt: undefined,
        expiresAt: undefined,
        ...round().batch,
      };
    },
    async *download(fileId) {
      const text = files[fileId]?.();
      if (text === undefined) throw new ProviderNotFound('download: 404');
      yield Buffer.from(text);
    },
  };
}

async function readLines<Line>(store: ObjectStore, key: string): Promise<Line[]> {
  const text = (await store.get(key))?.toString('utf8') ?? '';
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

export async function requestsOf(store: ObjectStore, round: number): Promise<string[]> {
  const lines = await readLines<{ custom_id: string }>(store, roundKey(REF, round, 'requests.jsonl'));
  return lines.map(({ custom_id }) => custom_id);
}

export const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => `q${n}`);

/** The part of a look's result that the input of the next look contains. */
export function lateIn(context: Collecting): Partial<PolledContext> {
  const { late } = context as Partial<PolledContext>;
  return late === undefined ? {} : { late };
}

/** A batch that expired before it processed a row. */
export function expired(total: number): Partial<Batch> {
  return { status: 'expired', ending: 'expired', counts: { total, succeeded: 0, failed: 0 } };
}

export const okLine = (custom_id: string, text = `answer of ${custom_id}`): string =>
  `${JSON.stringify({
    custom_id,
    response: {
      body: { choices: [{ message: { role: 'assistant', content: text }, finish_reason: 'stop' }] },
    },
    error: null,
  })}\n`;

export const errorLine = (custom_id: string, code: string): string =>
  `${JSON.stringify({ custom_id, response: null, error: { code, message: 'm' } })}\n`;
