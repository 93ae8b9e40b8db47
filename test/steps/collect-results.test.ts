import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { builtInDialect } from '../../src/provider/dialects/dialects.ts';
import type {
  CollectedContext,
  CollectingContext,
  JobContext,
  LookContext,
  PolledContext,
} from '../../src/contract.ts';
import type { ProviderEdges } from '../../src/edges.ts';
import { ProviderNotFound, withCode } from '../../src/errors.ts';
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
  shardKey,
  stopKey,
  summaryKey,
} from '../../src/checkpoints/keys.ts';
import type { Batch, BatchProvider } from '../../src/provider/batch-provider.ts';
import { ShardWriter } from '../../src/rows/shard-writer.ts';
import { buildRequests } from '../../src/steps/build-requests.ts';
import { collectResults } from '../../src/steps/collect-results.ts';
import { writeResults } from '../../src/steps/write-results.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { readJson, requireJson, writeJson } from '../../src/store/json.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openTempFolder } from '../support/temp-folder.ts';
import { trials } from '../support/exhaustive.ts';

const JOB_ID = 'job-1';
const REF = { jobId: JOB_ID, shard: 0 };

/** What the provider has for a round: its batch and the bytes of its files. */
interface Round {
  readonly batch?: Partial<Batch>;
  readonly output?: string | undefined;
  readonly errors?: string | undefined;
  /** The batch is not found any more. */
  readonly gone?: boolean;
  /** The clock is so many seconds on. */
  readonly secondsLater?: number;
  /** What the polls saw. */
  readonly polled?: Partial<PolledContext>;
}

type Collecting = CollectedContext | LookContext | CollectingContext;

interface Shard {
  readonly edges: ProviderEdges;
  readonly store: ObjectStore;
  readonly folder: string;
  /** Collects a round as the machine would after its batch ended. */
  collect(
    context: Pick<CollectedContext, 'round' | 'lastRound'> | undefined,
    round: Round,
  ): Promise<Collecting>;
  /** Collects what a Catch leaves. */
  collectError(name: string, message: string, context?: Partial<PolledContext>): Promise<Collecting>;
  write(): Promise<{ summary: Summary; results: ResultLine[]; deadLetters: NotOkLine[] }>;
}

/**
 * One shard with rows q0, q1, … as Build leaves it; the rows of `invalid` are not sent. `inPlace`: the store's objects are
 * files that can be read where they are, not as in a bucket.
 */
async function openShard(
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

const base = {
  ...REF,
  provider: { name: 'p', baseUrl: 'http://127.0.0.1:9/v1', dialect: builtInDialect('melious') },
  polling: { minSeconds: 1, maxSeconds: 2, fraction: 0.1, graceSeconds: 1 },
} as const;

function polled(round: number, lastRound: number): PolledContext {
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

function providerOf(round: () => Round): BatchProvider {
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

async function requestsOf(store: ObjectStore, round: number): Promise<string[]> {
  const lines = await readLines<{ custom_id: string }>(store, roundKey(REF, round, 'requests.jsonl'));
  return lines.map(({ custom_id }) => custom_id);
}

const ids = (count: number): string[] => Array.from({ length: count }, (_, n) => `q${n}`);

/** What the next look is told of the one before. */
function lateIn(context: Collecting): Partial<PolledContext> {
  const { late } = context as Partial<PolledContext>;
  return late === undefined ? {} : { late };
}

/** A batch that ended before it did any row. */
function expired(total: number): Partial<Batch> {
  return { status: 'expired', ending: 'expired', counts: { total, succeeded: 0, failed: 0 } };
}

const okLine = (custom_id: string, text = `answer of ${custom_id}`): string =>
  `${JSON.stringify({
    custom_id,
    response: {
      body: { choices: [{ message: { role: 'assistant', content: text }, finish_reason: 'stop' }] },
    },
    error: null,
  })}\n`;

const errorLine = (custom_id: string, code: string): string =>
  `${JSON.stringify({ custom_id, response: null, error: { code, message: 'm' } })}\n`;

describe('a round', () => {
  test('reads the output and the error file, in any order, and defers retriable rows', async () => {
    const shard = await openShard(4);
    const output = okLine('q3') + errorLine('q1', 'INFERENCE_3107') + okLine('q0');

    const collected = await shard.collect(undefined, { output, errors: errorLine('q2', 'INFERENCE_3207') });

    expect(collected).toMatchObject({ ...base, next: 'retry', round: 2, lastRound: 4, waitSeconds: 54 });
    expect(await requestsOf(shard.store, 2)).toEqual(['q1']);
  });

  test('is not waited for if the job is stopped', async () => {
    const shard = await openShard(2);
    await writeJson(shard.store, stopKey(JOB_ID), {
      failure: { name: 'JobCancelled', code: 'x', message: 'm' },
    });

    const collected = await shard.collect(undefined, {
      output: okLine('q0') + errorLine('q1', 'INFERENCE_3107'),
    });

    expect(collected).toMatchObject({ next: 'retry', round: 2, waitSeconds: 0 });
  });

  test('whose batch expired before any row was done is sent again as a whole, after the wait for late files', async () => {
    const shard = await openShard(3);

    const look = await shard.collect(undefined, { batch: expired(3) });
    expect(look).toMatchObject({ next: 'look' });
    const last = { batch: expired(3), secondsLater: 600, polled: lateIn(look) };
    expect(await shard.collect(undefined, last)).toMatchObject({ next: 'retry' });
    expect(await requestsOf(shard.store, 2)).toEqual(ids(3));
  });

  test('whose batch is gone is sent again as a whole', async () => {
    const shard = await openShard(3);

    const gone = { gone: true, polled: { gone: true } };
    expect(await shard.collect(undefined, gone)).toMatchObject({ next: 'retry' });
    expect(await requestsOf(shard.store, 2)).toEqual(ids(3));
  });

  test.each<[string, Round]>([
    ['gone', { gone: true }],
    ['running', { batch: { status: 'in_progress', phase: 'running', ending: undefined } }],
  ])('whose batch had ended is polled again if it is %s', async (_how, seen) => {
    const shard = await openShard(1);

    await expect(shard.collect(undefined, seen)).rejects.toMatchObject({ name: 'ProviderUnavailable' });
    expect(await shard.collect(undefined, { output: okLine('q0') })).toMatchObject({ next: 'done' });
  });

  test('whose batch and files were deleted is collected again from the store', async () => {
    const shard = await openShard(1);
    await shard.collect(undefined, { output: okLine('q0') });
    await shard.store.delete(roundKey(REF, 1, 'collected.json'));

    expect(await shard.collect(undefined, { gone: true })).toMatchObject({ next: 'done' });
    expect((await shard.write()).summary).toMatchObject({ status: 'succeeded', counts: { ok: 1 } });
  });

  test('whose output file is not found yet waits for it', async () => {
    const shard = await openShard(1);
    const named = { batch: { outputFileId: 'out' } };

    const first = await shard.collect(undefined, named);
    expect(first).toMatchObject({ next: 'look', waitSeconds: 1, late: { looks: 1 }, batchId: 'batch_1' });
    const second = await shard.collect(undefined, { ...named, secondsLater: 100, polled: lateIn(first) });
    expect(second).toMatchObject({ next: 'look', waitSeconds: 2, late: { looks: 2 } });
    const whole = { output: okLine('q0'), secondsLater: 200, polled: lateIn(second) };
    expect(await shard.collect(undefined, whole)).toMatchObject({ next: 'done' });
  });

  test('whose output file stays missing stops its shard, names the file, and is collected by a resume', async () => {
    const shard = await openShard(2);
    const named = { batch: { outputFileId: 'out' } };

    const first = await shard.collect(undefined, named);
    const stopped = await shard.collect(undefined, { ...named, secondsLater: 600, polled: lateIn(first) });
    const { summary, deadLetters } = await shard.write();

    expect(stopped).toMatchObject({ next: 'stop', round: 1 });
    expect(summary).toMatchObject({
      status: 'failed',
      failure: { code: 'OUTPUT_INCOMPLETE', message: expect.stringMatching(/batch_1.* output file out /) },
      open: [{ batchId: 'batch_1', files: { output: 'out' }, error: { code: 'OUTPUT_INCOMPLETE' } }],
      batches: [{ batchId: 'batch_1' }],
      left: ['out'],
    });
    expect(deadLetters[0]).toMatchObject({ warning: expect.stringContaining('batch_1') });
    await buildRequests(shard.edges, { jobId: JOB_ID });
    expect(await shard.collect(undefined, { output: okLine('q0') + okLine('q1') })).toMatchObject({
      next: 'done',
    });
    expect((await shard.write()).summary).toMatchObject({ status: 'succeeded', open: [] });
  });

  test('whose batch still runs after it was cancelled stops its shard: its rows are not sent again', async () => {
    const shard = await openShard(1);
    const batch = { status: 'in_progress', phase: 'running', ending: undefined } as const;

    const stopped = await shard.collect(undefined, { batch, polled: { cancelledAt: 1 } });

    expect(stopped).toMatchObject({ next: 'stop', round: 1 });
    expect((await shard.write()).summary).toMatchObject({
      failure: { code: 'BATCH_OPEN' },
      open: [{ batchId: 'batch_1', status: 'in_progress' }],
    });
  });

  test('whose output stays incomplete stops its shard with the existing answers', async () => {
    const shard = await openShard(3);
    const output = okLine('q0');
    const counts = { total: 3, succeeded: 3, failed: 0 };

    const first = await shard.collect(undefined, { batch: { counts }, output });
    const late = { batch: { counts }, output, secondsLater: 600, polled: lateIn(first) };
    await shard.collect(undefined, late);
    const { summary, results } = await shard.write();

    expect(summary).toMatchObject({
      counts: { ok: 1, exhausted: 2 },
      failure: { code: 'OUTPUT_INCOMPLETE' },
    });
    expect(results.map(({ ok }) => ok)).toEqual([true, false, false]);
    await buildRequests(shard.edges, { jobId: JOB_ID });
    const whole = ids(3)
      .map((id) => okLine(id))
      .join('');
    expect(await shard.collect(undefined, { batch: { counts }, output: whole })).toMatchObject({
      next: 'done',
    });
    expect((await shard.write()).summary).toMatchObject({ status: 'succeeded', counts: { ok: 3 } });
  });

  test('that failed validation fails the rows it names, sends the others, and does not count', async () => {
    const shard = await openShard(4, [], 1);
    const errors = [{ code: 'invalid_request', message: 'bad', line: 2 }];

    const collected = await shard.collect(undefined, {
      batch: { status: 'failed', ending: 'failed', errors },
    });
    await shard.collect(collected, { output: ['q0', 'q2', 'q3'].map((id) => okLine(id)).join('') });
    const { results, summary } = await shard.write();

    expect(collected).toMatchObject({ next: 'retry', round: 2, lastRound: 2 });
    expect(results.map((line) => line.ok)).toEqual([true, false, true, true]);
    expect(results[1]).toMatchObject({
      outcome: 'failed',
      error: { code: 'invalid_request', message: 'bad' },
    });
    expect(summary).toMatchObject({ status: 'partial', counts: { ok: 3, failed: 1 } });
  });

  test('tells rows without a result why their batch ended', async () => {
    const shard = await openShard(1, [], 1);
    const errors = [{ code: 'server_error', message: 'broken', line: undefined }];

    await shard.collect(undefined, { batch: { status: 'failed', ending: 'failed', errors } });
    const { results } = await shard.write();

    expect(results[0]).toMatchObject({ outcome: 'exhausted', error: { code: 'server_error' }, retry: true });
  });

  test('that failed because too much was queued does not count', async () => {
    const shard = await openShard(1, [], 1);
    const errors = [{ code: 'token_limit_exceeded', message: 'too many tokens', line: undefined }];

    const collected = await shard.collect(undefined, {
      batch: { status: 'failed', ending: 'failed', errors },
    });

    expect(collected).toMatchObject({ next: 'retry', round: 2, lastRound: 2 });
  });

  test('reports lines that match no row, and skips lines that are not results', async () => {
    const shard = await openShard(2);
    const junk = 'not json\n[1]\n"text"\nnull\n{"no":"id"}\n\n   \r\n';
    const output = `\ufeff${okLine('q0')}${junk}${okLine('stranger')}${okLine('q0', 'second')}${okLine('q1')}`;

    await shard.collect(undefined, { output: output.replace(/\n$/, '') });
    const { summary, results } = await shard.write();

    expect(results[0]).toMatchObject({ text: 'answer of q0' });
    expect(summary.unexplained).toEqual({
      missing: 0,
      duplicates: 1,
      unknown: 1,
      unknownIds: ['stranger'],
      unreadable: 5,
    });
  });

  test('prefers a success to an earlier error of the same row', async () => {
    const shard = await openShard(1);

    await shard.collect(undefined, { output: errorLine('q0', 'INFERENCE_3207') + okLine('q0') });

    expect((await shard.write()).summary).toMatchObject({
      status: 'succeeded',
      unexplained: { duplicates: 1 },
    });
  });

  test('keeps the files of the provider unchanged', async () => {
    const shard = await openShard(1);

    await shard.collect(undefined, { output: okLine('q0') });

    expect((await shard.store.get(roundKey(REF, 1, 'output.jsonl')))?.toString()).toBe(okLine('q0'));
  });
});

describe('a stop', () => {
  test('keeps existing results and continues with the next round if the job is started again', async () => {
    const shard = await openShard(3, [], 1);
    const output = okLine('q0') + errorLine('q1', 'BILLING_2003') + errorLine('q2', 'INFERENCE_3107');

    const collected = await shard.collect(undefined, { output });
    const stopped = await shard.write();
    await shard.store.delete(stopKey(JOB_ID));
    const again = (await buildRequests(shard.edges, { jobId: JOB_ID })) as JobContext;
    await shard.collect(
      { round: 2, lastRound: collected.lastRound ?? 0 },
      { output: okLine('q1') + okLine('q2') },
    );
    const resumed = await shard.write();

    expect(collected).toMatchObject({ next: 'stop', lastRound: 2 });
    expect(stopped.summary).toMatchObject({ status: 'failed', counts: { ok: 1, exhausted: 2 } });
    expect(stopped.summary.failure).toMatchObject({ name: 'ProviderDenied', code: 'BILLING_2003' });
    expect(stopped.deadLetters.map(({ custom_id }) => custom_id)).toEqual(['q1', 'q2']);
    expect(again.toRun.shards).toBe(1);
    expect(resumed.summary).toMatchObject({ status: 'succeeded', counts: { ok: 3 } });
    expect(resumed.deadLetters).toEqual([]);
  });

  test('of a shard that could not be sent leaves its rows to a resume', async () => {
    const shard = await openShard(2, [1]);

    const collected = await shard.collectError(
      'ProviderUnavailable',
      'create batch: no answer (ECONNREFUSED). Nothing listens at the base URL.',
    );
    const { summary, results } = await shard.write();

    expect(collected).toMatchObject({ next: 'stop', round: 1 });
    expect(results.map((line) => !line.ok && line.outcome)).toEqual(['exhausted', 'invalid']);
    expect(summary).toMatchObject({ status: 'failed', failure: { name: 'ProviderUnavailable' } });
    expect(summary.advice).toContain('nightshift resume <job>');
    expect(await readJson(shard.store, stopKey(JOB_ID))).toBeUndefined();
  });

  test('is not made if the provider rejects the request: its rows fail', async () => {
    const shard = await openShard(2);

    const collected = await shard.collectError(
      'ProviderRejected',
      withCode('create batch of file file_1: 404 no such model', 'INFERENCE_3001'),
    );
    const { summary, results } = await shard.write();

    expect(collected.next).toBe('done');
    expect(summary).toMatchObject({ status: 'partial', counts: { failed: 2 } });
    expect(results[0]).toMatchObject({ outcome: 'failed', error: { code: 'INFERENCE_3001' } });
  });
});

test('a round with a rejected upload leaves no file of an upload without a response', async () => {
  const shard = await openShard(1);
  const deleted: string[] = [];
  const provider: BatchProvider = {
    ...providerOf(() => ({})),
    findFiles: (name) => Promise.resolve([{ id: `file of ${name}`, name, bytes: 0 }]),
    deleteFile: async (id) => void deleted.push(id),
  };
  await writeJson(shard.store, roundKey(REF, 1, 'uploading.json'), {});

  await collectResults(
    { ...shard.edges, provider: () => provider },
    { ...base, error: { Error: 'ProviderRejected', Cause: '{"errorMessage":"upload: 400"}' } },
  );

  expect(deleted).toEqual(['file of job-1-00000-r1.jsonl']);
});

test('a poll that is refused does not fail the rows of its batch', async () => {
  const shard = await openShard(2);

  const collected = await shard.collectError('ProviderRejected', 'get batch batch_1: 400 bad gateway', {
    ...polled(1, 4),
  });
  const { summary } = await shard.write();
  const again = (await buildRequests(shard.edges, { jobId: JOB_ID })) as JobContext;
  await shard.collect(undefined, { output: okLine('q0') + okLine('q1') });

  expect(collected).toMatchObject({ next: 'stop', round: 1 });
  expect(summary).toMatchObject({ status: 'failed', counts: { failed: 0, exhausted: 2 } });
  expect(again.toRun.shards).toBe(1);
  expect((await shard.write()).summary).toMatchObject({ status: 'succeeded', counts: { ok: 2 } });
});

describe('the results', () => {
  trials(6, 60).test('hold every row once, in input order, whatever the rounds brought', async (numRuns) => {
    const fate = fc.constantFrom('ok', 'permanent', 'retriable', 'missing', 'twice', 'invalid');
    const scenario = fc.record({
      rows: fc.array(fc.array(fate, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 12 }),
      order: fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
      intoErrors: fc.boolean(),
      inPlace: fc.boolean(),
    });

    await fc.assert(
      fc.asyncProperty(scenario, async ({ rows, order, intoErrors, inPlace }) => {
        const invalid = rows.flatMap(([first], row) => (first === 'invalid' ? [row] : []));
        const shard = await openShard(rows.length, invalid, 3, inPlace);
        let context: Collecting | undefined;
        for (let round = 1; round <= 3 && context?.next !== 'done'; round += 1) {
          const sent = await requestsOf(shard.store, round);
          if (sent.length === 0) break;
          const lines = sent.flatMap((id) => linesFor(id, rows[Number(id.slice(1))]?.[round - 1]));
          const shuffled = lines
            .map((line) => ({ line, at: order.next().value ?? 0 }))
            .toSorted((a, b) => a.at - b.at);
          const [bad, good] = partition(
            shuffled.map(({ line }) => line),
            (line) => intoErrors && line.includes('"m"'),
          );
          // The counters know which rows were not done: without them, a missing line is no evidence.
          const batch = {
            status: 'expired',
            ending: 'expired',
            counts: countsOf(lines, sent.length),
          } as const;
          const found = { batch, output: good.join(''), errors: bad.join('') };
          const look = await shard.collect(context, found);
          // Counters that are all zero are believed when a second look finds the same.
          context =
            look.next === 'look'
              ? await shard.collect(context, { ...found, secondsLater: 600, polled: lateIn(look) })
              : look;
          const before = await snapshot(shard.folder);
          await shard.collect({ round, lastRound: context.lastRound ?? 3 }, {});
          expect(await snapshot(shard.folder)).toEqual(before);
        }

        const { summary, results, deadLetters } = await shard.write();

        expect(results.map(({ custom_id }) => custom_id)).toEqual(ids(rows.length));
        expect(results.map((line) => (line.ok ? 'ok' : line.outcome))).toEqual(rows.map(expectedOutcome));
        expect(deadLetters.map(({ custom_id }) => custom_id)).toEqual(
          results.filter((line) => !line.ok).map(({ custom_id }) => custom_id),
        );
        expect(Object.values(summary.counts).reduce((sum, count) => sum + count, 0)).toBe(rows.length);
      }),
      { numRuns },
    );
  });
});

function linesFor(id: string, fate = 'ok'): string[] {
  if (fate === 'missing') return [];
  if (fate === 'permanent') return [errorLine(id, 'INFERENCE_3207')];
  if (fate === 'retriable') return [errorLine(id, 'INFERENCE_3107')];
  return fate === 'twice' ? [okLine(id), okLine(id)] : [okLine(id)];
}

/** Rows in no line were not done. */
function countsOf(lines: readonly string[], total: number): Batch['counts'] {
  const done = new Set(lines.map((line) => (JSON.parse(line) as { custom_id: string }).custom_id)).size;
  return { total, succeeded: done, failed: 0 };
}

/** The simple reference: the first round that settles the row. */
function expectedOutcome(fates: readonly string[]): string {
  if (fates[0] === 'invalid') return 'invalid';
  for (const fate of fates) {
    if (fate === 'permanent') return 'failed';
    if (fate !== 'retriable' && fate !== 'missing') return 'ok';
  }
  return 'exhausted';
}

function partition(lines: readonly string[], test: (line: string) => boolean): [string[], string[]] {
  return [lines.filter((line) => test(line)), lines.filter((line) => !test(line))];
}

/** Every file of the shard and what is in it. */
async function snapshot(folder: string): Promise<Record<string, string>> {
  const shard = join(folder, shardKey(REF, 'done.json'), '..');
  const names = (await readdir(shard)).toSorted();
  const contents = await Promise.all(names.map((name) => readFile(join(shard, name), 'utf8')));
  return Object.fromEntries(names.map((name, n) => [name, contents[n] ?? '']));
}

test('unusual answers are kept: an id as a number, an empty status, ten thousand levels', async () => {
  const shard = await openShard(0);
  const ids = ['17', 'q1', 'q2'];
  const requests = ids.map((custom_id) => ({
    custom_id,
    method: 'POST',
    url: '/v1/chat/completions',
    body: {},
  }));
  const lines = requests.map((request) => `${JSON.stringify(request)}\n`).join('');
  await shard.store.put(`jobs/${JOB_ID}/shards/00000/round-1.requests.jsonl`, lines);
  await writeJson(shard.store, planKey(JOB_ID), {
    rows: 3,
    invalid: 0,
    inputTokens: 0,
    problems: [],
    shards: [{ rows: 3, invalid: 0, requests: 3, bytes: lines.length }],
  });
  const answer = (id: string, status: string, body: string): string =>
    `{"custom_id":${id},"response":{"status_code":${status},"body":${body}},"error":null}\n`;
  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
  const choices = '"choices":[{"message":{"content":"x"}}]';

  await shard.collect(undefined, {
    output:
      answer('17', '200', `{${choices},"a":1}`) +
      answer('"q1"', '""', `{${choices},"a":2}`) +
      answer('"q2"', '200', `{${choices},"deep":${deep}}`),
  });
  const { results, summary } = await shard.write();

  expect(results).toMatchObject([
    { custom_id: '17', ok: true, body: { a: 1 } },
    { custom_id: 'q1', ok: true, body: { a: 2 } },
    { custom_id: 'q2', outcome: 'failed', error: { code: 'ANSWER_TOO_DEEP' } },
  ]);
  expect(summary).toMatchObject({ status: 'partial', rounds: 1 });
});

test('a finished shard is not stopped by a late step', async () => {
  const shard = await openShard(1);
  await shard.collect(undefined, { output: okLine('q0') });

  await shard.collectError('ProviderUnavailable', 'poll batch: no answer.', { round: 2, lastRound: 4 });
  const { summary, results } = await shard.write();

  expect(summary.status).toBe('succeeded');
  expect(results).toMatchObject([{ custom_id: 'q0', ok: true }]);
});
