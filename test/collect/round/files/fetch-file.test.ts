import type { RequestListener } from 'node:http';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Downloads, GoesOnLater } from '../../../../src/collect/round/files/downloads.ts';
import type { FoundFile } from '../../../../src/collect/round/files/found-file.ts';
import { fetchFile } from '../../../../src/collect/round/files/fetch-file.ts';
import { Scratch } from '../../../../src/collect/round/files/scratch.ts';
import type { StepTime } from '../../../../src/pace.ts';
import { createProviderClient } from '../../../../src/provider/client.ts';
import { builtInDialect } from '../../../../src/provider/dialects/dialects.ts';
import type { ObjectStore } from '../../../../src/store/object-store.ts';
import { startBreakingServer, type FileAnswer, type FileHabits } from '../../../provider/breaking-server.ts';
import { createMemoryStore } from '../../../support/memory-store.ts';
import { trials } from '../../../support/exhaustive.ts';
import { serve } from '../../../support/serve.ts';

const FILE = Buffer.from(
  Array.from({ length: 60 }, (_, n) => `{"custom_id":"q${n}","text":"é🙂 ${n * n}"}\n`).join(''),
);
const ROUND = { jobId: 'job', shard: 0, round: 1 };
const KEY = 'jobs/job/shards/00000/round-1.output.jsonl';

interface Collecting {
  readonly url: string;
  readonly store: ObjectStore;
  readonly time: StepTime | undefined;
  /** When this call received bytes of the round's other file: before this one, or after it. */
  readonly came?: 'before' | 'behind';
}

/** Makes one call of the step. `taken` are the bytes passed to the line reader, `scratched` those read from the scratch file. */
async function collectOnce({ url, store, time, came }: Collecting): Promise<{
  readonly found: FoundFile | undefined;
  readonly taken: Buffer;
  readonly scratched: Buffer;
}> {
  const provider = createProviderClient({
    settings: { name: 'p', baseUrl: url, dialect: builtInDialect('openai') },
    apiKey: () => Promise.resolve('k'),
    random: () => 0,
    wait: () => Promise.resolve(),
  });
  using scratch = new Scratch();
  const taken: Buffer[] = [];
  try {
    await using downloads = await Downloads.open({ store, time }, ROUND);
    if (came === 'before') downloads.did();
    const file = {
      store,
      provider,
      name: 'output',
      fileId: 'file-1',
      key: KEY,
      downloads,
      requests: 60,
    } as const;
    const sink = { push: (chunk: Uint8Array) => taken.push(Buffer.from(chunk)) < 0, end: () => undefined };
    const found = await fetchFile({ ...file, isLate: downloads.isLate, isShortNoted: true }, scratch, sink);
    if (came === 'behind') downloads.did();
    await downloads.stored();
    await downloads.rest();
    const bytes = Buffer.concat(taken);
    return { found, taken: bytes, scratched: Buffer.from(scratch.read(0, bytes.length)) };
  } finally {
    await provider.close();
  }
}

/** Calls the step until a call succeeds. Failed calls are repeated, as in the state machine. */
async function collect(
  collecting: Omit<Collecting, 'time'>,
  times: readonly (StepTime | undefined)[],
): Promise<{ readonly calls: number } & Awaited<ReturnType<typeof collectOnce>>> {
  for (let calls = 1; ; calls += 1) {
    try {
      return { calls, ...(await collectOnce({ ...collecting, time: times[calls - 1] })) };
    } catch (error) {
      const isRepeated = error instanceof GoesOnLater || (error as Error).name === 'ProviderUnavailable';
      if (!isRepeated || calls > 60) throw error;
    }
  }
}

const SHORT: StepTime = { isShort: () => true, isOver: () => false };

trials(25, 100).test(
  'a file is complete, stored once and from one version, with any breaks and any number of calls',
  async (numRuns) => {
    const answer: fc.Arbitrary<FileAnswer> = fc.record(
      {
        fresh: fc.integer({ min: 0, max: 700 }),
        to: fc.constantFrom('the rest', 'a piece', 'the whole', 'no such range', 'another range', 'gzip'),
      },
      { requiredKeys: ['fresh'] },
    );
    const habits: fc.Arbitrary<FileHabits> = fc.record({
      mark: fc.constantFrom('etag', 'weak etag', 'last-modified', 'none'),
      tellsLength: fc.boolean(),
    });
    const times = fc.array(fc.constantFrom(SHORT, undefined), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.array(answer, { maxLength: 12 }), habits, times, async (answers, told, short) => {
        await using server = await startBreakingServer(FILE, answers, told);
        const store = createMemoryStore(100);

        const { found, taken, scratched } = await collect({ url: server.url, store }, short);

        expect(taken.toString('utf8')).toBe(FILE.toString('utf8'));
        expect(scratched.equals(taken)).toBe(true);
        expect((await store.get(KEY))?.equals(FILE)).toBe(true);
        expect(found).toMatchObject({ state: 'whole', received: FILE.length });
      }),
      { numRuns },
    );
  },
);

/** Starts a server that answers the nth request for the file's content with the nth handler. */
async function startServer(answers: readonly RequestListener[]): Promise<string> {
  let asked = 0;
  const url = await serve((request, response) => {
    request.resume();
    if (request.url?.endsWith('/content') === true) answers[asked++]?.(request, response);
    else response.writeHead(404).end('{"error":{"message":"no such file"}}');
  });
  return `${url}/v1`;
}

const breaksOffAfter =
  (bytes: number): RequestListener =>
  (_, response) => {
    response.writeHead(200, { 'content-length': FILE.length, etag: '"v1"' });
    response.write(FILE.subarray(0, bytes), () => response.destroy());
  };

/** Chunks of different sizes, each with line ends inside. */
const CHUNKS = fc.array(fc.constantFrom(1, 70_000, 300_000, 1_048_575, 1_048_576, 1_500_000), {
  minLength: 1,
  maxLength: 4,
});

test('a file of any size without a promised length is complete if its last line is, however its bytes arrive', async () => {
  await fc.assert(
    fc.asyncProperty(
      CHUNKS,
      fc.boolean(),
      fc.integer({ min: 1, max: 30 }),
      async (sizes, isCut, lineBytes) => {
        const length = sizes.reduce((sum, size) => sum + size, 0);
        const filler = `${JSON.stringify('x'.repeat(lineBytes))}\n`.repeat(
          Math.ceil(length / (lineBytes + 3)),
        );
        const end = '{"custom_id":"q1","text":"the last one"}';
        const bytes = Buffer.from(`${filler}${isCut ? end.slice(0, -5) : end}`);
        const store = createMemoryStore(65_536);
        const answer: RequestListener = (_, response) => {
          response.writeHead(200, { 'transfer-encoding': 'chunked' });
          let from = 0;
          for (const size of sizes) response.write(bytes.subarray(from, (from += size)));
          response.end(bytes.subarray(from));
        };

        const { found } = await collectOnce({ url: await startServer([answer]), store, time: undefined });

        expect(found).toMatchObject({ state: isCut ? 'short' : 'whole', received: bytes.length });
      },
    ),
    { numRuns: 10 },
  );
});

test('a file that is no longer found is not treated as complete by the next call', async () => {
  const isGone: RequestListener = (_, response) => void response.writeHead(404).end('{}');
  const url = await startServer([breaksOffAfter(400), isGone]);
  const store = createMemoryStore(100);
  await expect(collectOnce({ url, store, time: SHORT })).rejects.toThrow(GoesOnLater);
  await expect(collectOnce({ url, store, time: SHORT, came: 'behind' })).rejects.toThrow(GoesOnLater);

  const { found, taken } = await collectOnce({ url, store, time: undefined });

  expect(found).toMatchObject({ state: 'missing' });
  expect(FILE.subarray(0, taken.length).equals(taken)).toBe(true);
  expect(taken.length).toBeGreaterThan(0);
});

/** Starts a download of which an earlier call has received a part. Later requests get this handler. */
async function startBegun(then: RequestListener): Promise<{ url: string; store: ObjectStore }> {
  const url = await startServer([breaksOffAfter(400), then]);
  const store = createMemoryStore(100);
  await expect(collectOnce({ url, store, time: SHORT })).rejects.toThrow(GoesOnLater);
  useFakeIntervals();
  return { url, store };
}

test('a file that must be downloaded from its start may use the whole time of a call', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const inTwoPieces: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-length': FILE.length });
    response.write(FILE.subarray(0, 100));
    void released.then(() => response.end(FILE.subarray(100)));
  };
  const { url, store } = await startBegun(inTwoPieces);
  let looks = 0;
  const isOver = (): boolean => {
    looks += 1;
    if (looks > 1) return false;
    vi.advanceTimersByTime(5_000);
    release();
    return false;
  };

  // The whole file has arrived, but only the next call reads it.
  const call = collectOnce({ url, store, time: { isShort: () => true, isOver } });
  await expect(call).rejects.toThrow(GoesOnLater);
  const { found, taken } = await collectOnce({ url, store, time: undefined });

  expect(found).toMatchObject({ state: 'whole', received: FILE.length });
  expect(taken.equals(FILE)).toBe(true);
});

test('a call whose time ends before the first byte asks for another call and reports no provider error', async () => {
  useFakeIntervals();
  const url = await startServer([() => vi.advanceTimersByTime(5_000)]);
  const store = createMemoryStore(100);

  await expect(collectOnce({ url, store, time: SHORT, came: 'before' })).rejects.toThrow(GoesOnLater);
});

test('a file that must be downloaded from its start stops with a named error when the time is over', async () => {
  const holds: RequestListener = (_, response) => {
    response.writeHead(200, { 'content-length': FILE.length });
    response.write(FILE.subarray(0, 100));
  };
  const { url, store } = await startBegun(holds);
  let looks = 0;
  const isOver = (): boolean => {
    looks += 1;
    if (looks === 1) setImmediate(() => vi.advanceTimersByTime(5_000));
    return looks > 1;
  };

  const call = collectOnce({ url, store, time: { isShort: () => true, isOver } });

  await expect(call).rejects.toMatchObject({ name: 'StepTimedOut' });
});

function useFakeIntervals(): void {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
}

test('a call that continues downloads nothing twice', async () => {
  const server = await startBreakingServer(FILE, [{ fresh: 400 }, { fresh: 300 }]);
  onTestFinished(() => server[Symbol.asyncDispose]());

  const { calls } = await collect({ url: server.url, store: createMemoryStore(100) }, [SHORT, SHORT, SHORT]);

  expect(server.asked.filter((asked) => asked !== 'whole')).toEqual(['bytes=400-', 'bytes=700-']);
  expect(calls).toBe(4);
});

test('a file that changes between two calls is downloaded again from its start', async () => {
  const becomes = Buffer.from(FILE.toString('utf8').replaceAll('é', 'è'));
  const server = await startBreakingServer(FILE, [{ fresh: 400 }, {}, { becomes }]);
  onTestFinished(() => server[Symbol.asyncDispose]());
  const store = createMemoryStore(100);

  const { taken } = await collect({ url: server.url, store }, [SHORT]);

  expect([FILE, becomes].some((file) => file.equals(taken))).toBe(true);
  expect((await store.get(KEY))?.equals(taken)).toBe(true);
});

test('a stalled download is left for the next call, unless that call could not continue it', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const downloads = await Downloads.open({ store: createMemoryStore(100), time: SHORT }, ROUND);
  using some = downloads.watch(() => true);
  using packed = downloads.watch(() => false);

  vi.advanceTimersByTime(5_000);
  expect(some.signal.aborted).toBe(false);
  downloads.did();
  vi.advanceTimersByTime(5_000);

  expect([some.signal.aborted, packed.signal.aborted]).toEqual([true, false]);
});
