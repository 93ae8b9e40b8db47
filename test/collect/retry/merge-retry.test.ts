import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { MergeProgress } from '../../../src/checkpoints/ending.ts';
import { answerIndexKey, deadLettersKey, resultsKey } from '../../../src/checkpoints/keys.ts';
import { NO_ROWS } from '../../../src/checkpoints/outcomes.ts';
import { summaryObject, type Summary } from '../../../src/checkpoints/summary.ts';
import { mergeRetry, type RetryMerge } from '../../../src/collect/retry/merge-retry.ts';
import { Pace, type StepTime } from '../../../src/pace.ts';
import {
  ENTRY_BYTES,
  readEntry,
  readHead,
  writeEntries,
  writeHead,
} from '../../../src/reuse/answer-index.ts';
import { NO_USAGE } from '../../../src/spending/usage.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { failingAt } from '../../support/failing-at.ts';

const [JOB, RETRY, SINCE] = ['job', 'job-retry-1', 1_000];

interface Row {
  readonly isOk: boolean;
  /** Whether the row is ok in the retry. */
  readonly isBetter: boolean;
  readonly size: number;
}

const row: fc.Arbitrary<Row> = fc.record({
  isOk: fc.boolean(),
  isBetter: fc.boolean(),
  size: fc.integer({ min: 0, max: 700 }),
});

const okLine = (n: number, size: number): string =>
  `${JSON.stringify({ custom_id: `q${n}`, ok: true, text: 'x'.repeat(size), round: 1 })}\n`;
const notOkLine = (n: number, size: number): string =>
  `${JSON.stringify({ custom_id: `q${n}`, ok: false, outcome: 'failed', error: { code: 'NO', message: 'y'.repeat(size) }, retry: false, round: 1 })}\n`;
const marked = (line: string): string => line.replace(/\}\n$/, ',"retried":1}\n');

const fingerprintOf = (line: string): Buffer => createHash('sha256').update(line.slice(0, 20)).digest();

function summaryOf(jobId: string, rows: number, ok: number): Summary {
  return {
    jobId,
    status: ok === rows ? 'succeeded' : 'partial',
    profile: 'default',
    provider: 'p',
    model: 'm',
    endpoint: '/v1/x',
    inputs: [],
    rows,
    counts: { ...NO_ROWS, ok, failed: rows - ok },
    shards: 1,
    rounds: 1,
    usage: NO_USAGE,
    models: [],
    truncated: 0,
    refused: 0,
    errors: [],
    unexplained: { missing: 0, duplicates: 0, unknown: 0, unknownIds: [], unreadable: 0 },
    batches: [],
    left: [],
    problems: [],
    results: resultsKey(jobId),
    deadLetters: ok === rows ? undefined : deadLettersKey(jobId),
    startedAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:00:00.000Z',
    seconds: 0,
  };
}

/** A finished job with an index of its answers, a finished retry of its rows that are not ok, and the expected merged results. */
async function openJob(
  rows: readonly Row[],
): Promise<{ store: ObjectStore; retry: Summary; merged: string[] }> {
  const store = createMemoryStore(509);
  const own = rows.map(({ isOk, size }, n) => (isOk ? okLine : notOkLine)(n, size));
  const again = rows.map(({ isBetter, size }, n) => (isBetter ? okLine : notOkLine)(n, 700 - size));
  await store.put(resultsKey(JOB), own.join(''));
  const retried = again.filter((_, n) => rows[n]?.isOk === false);
  await store.put(resultsKey(RETRY), retried.join(''));
  let start = 0;
  const answers = own.flatMap((line, n) => {
    const entry = { fingerprint: fingerprintOf(line), start, length: line.length, check: 0 };
    start += line.length;
    return rows[n]?.isOk === true ? [entry] : [];
  });
  await store.put(answerIndexKey(JOB), Buffer.concat([writeHead(start), writeEntries(answers)]));
  const count = (of: (row: Row) => boolean): number => rows.filter(of).length;
  const better = count(({ isOk, isBetter }) => !isOk && isBetter);
  const retry = summaryOf(RETRY, retried.length, better);
  if (retry.deadLetters !== undefined) await store.put(deadLettersKey(RETRY), '{}\n');
  const ok = count(({ isOk }) => isOk);
  await summaryObject.write(store, JOB, summaryOf(JOB, rows.length, ok));
  const merged = own.map((line, n) => (rows[n]?.isOk === true ? line : marked(again[n] ?? '')));
  return { store, retry, merged };
}

const ALWAYS_SHORT: StepTime = { isShort: () => true, isOver: () => false };

/**
 * Merges in as many calls as necessary.
 * @param crashes for each call, the change at which its first try dies
 */
async function mergeInCalls(
  store: ObjectStore,
  retry: Summary,
  time: StepTime | undefined,
  crashes: readonly number[],
): Promise<{ readonly summary: Summary; readonly calls: number }> {
  let before: MergeProgress | undefined;
  for (let calls = 1; ; calls += 1) {
    const call = (of: ObjectStore): Promise<RetryMerge> =>
      mergeRetry({ store: of }, { jobId: JOB, nth: 1 }, retry, {
        since: SINCE,
        pace: new Pace(time),
        before,
      });
    const crash = crashes[calls - 1];
    const died = crash === undefined ? undefined : await call(failingAt(store, crash)).catch(() => undefined);
    const merged: RetryMerge = died ?? (await call(store));
    if ('summary' in merged) return { summary: merged.summary, calls };
    expect(merged.progress.from).toBeGreaterThan(before?.from ?? 0);
    before = merged.progress;
  }
}

/** The lines at the positions in the index of answers. */
async function indexedLines(
  store: ObjectStore,
  results: string,
): Promise<{ readonly head: number | undefined; readonly lines: readonly string[] }> {
  const index = (await store.get(answerIndexKey(JOB))) ?? Buffer.alloc(0);
  const lines = [];
  for (let at = ENTRY_BYTES; at < index.length; at += ENTRY_BYTES) {
    const { start, length } = readEntry(index, at);
    lines.push(results.slice(start, start + length));
  }
  return { head: readHead(index), lines: lines.toSorted() };
}

describe('merging a retry into its job', () => {
  test('comes to the same in any number of calls, and after a crash at any change of each call', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 30 }),
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 12 }),
        async (rows, isShort, crashes) => {
          const { store, retry, merged } = await openJob(rows);

          const { summary } = await mergeInCalls(store, retry, isShort ? ALWAYS_SHORT : undefined, crashes);

          const results = (await store.get(resultsKey(JOB)))?.toString('utf8') ?? '';
          expect(results).toBe(merged.join(''));
          const ok = rows.filter(({ isOk, isBetter }) => isOk || isBetter).length;
          expect(summary).toMatchObject({
            counts: { ...NO_ROWS, ok, failed: rows.length - ok },
            errors: ok === rows.length ? [] : [{ code: 'NO', rows: rows.length - ok }],
          });
          expect((await store.stat(deadLettersKey(JOB))) === undefined).toBe(ok === rows.length);
          const { head, lines } = await indexedLines(store, results);
          expect(head).toBe(results.length);
          expect(lines).toEqual(merged.filter((_, n) => rows[n]?.isOk === true).toSorted());
        },
      ),
      { numRuns: 150 },
    );
  });

  test.each([false, true])(
    'moves the index once if the new results are as large as the old ones (time is short: %s), whatever call is repeated',
    async (isShort) => {
      // Each of the two lines grows by 12 bytes in the merge: the number of the retry.
      const sizes = [300, 712 - 300];
      const rows = sizes.flatMap((size) => [
        { isOk: false, isBetter: false, size },
        { isOk: true, isBetter: false, size: 50 },
      ]);
      const { bytes } = (await (await openJob(rows)).store.stat(resultsKey(JOB))) ?? { bytes: 0 };
      for (let crash = 1; crash <= 8; crash += 1) {
        const { store, retry, merged } = await openJob(rows);
        const crashes = Array.from({ length: 10 }, () => crash);

        await mergeInCalls(store, retry, isShort ? ALWAYS_SHORT : undefined, crashes);

        const results = (await store.get(resultsKey(JOB)))?.toString('utf8') ?? '';
        expect(results).toBe(merged.join(''));
        expect(results).toHaveLength(bytes);
        const { lines } = await indexedLines(store, results);
        expect(lines).toEqual(merged.filter((_, n) => rows[n]?.isOk === true).toSorted());
      }
    },
  );

  test('takes one call more than it has parts when time is always short, and one call otherwise', async () => {
    const rows = Array.from({ length: 40 }, (_, n) => ({ isOk: n % 2 === 0, isBetter: true, size: 300 }));
    const [short, whole] = [await openJob(rows), await openJob(rows)];

    const divided = await mergeInCalls(short.store, short.retry, ALWAYS_SHORT, []);
    const once = await mergeInCalls(whole.store, whole.retry, undefined, []);

    expect(once.calls).toBe(1);
    expect(divided.calls).toBeGreaterThan(10);
    expect(divided.summary).toEqual(once.summary);
  });

  test('refuses a retry with other rows and leaves the results as they were', async () => {
    const rows = [true, false, false].map((isOk) => ({ isOk, isBetter: true, size: 10 }));
    for (const change of [
      (text: string) => text.repeat(2),
      (text: string) => text.split('\n', 1)[0] + '\n',
    ]) {
      const { store, retry } = await openJob(rows);
      const before = await store.get(resultsKey(JOB));
      await store.put(resultsKey(RETRY), change(String(await store.get(resultsKey(RETRY)))));

      await expect(mergeInCalls(store, retry, undefined, [])).rejects.toThrow(
        /has (more|fewer) results than job job has rows that are not ok/,
      );
      expect(await store.get(resultsKey(JOB))).toEqual(before);
    }
  });
});
