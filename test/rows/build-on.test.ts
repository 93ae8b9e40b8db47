import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StepTime } from '../../src/pace.ts';
import { resultsKey, roundKey } from '../../src/checkpoints/keys.ts';
import { RequestHash } from '../../src/reuse/request-hash.ts';
import { buildOn, isPlan } from '../../src/rows/build-shards.ts';
import { createRequests } from '../../src/steps/create-requests.ts';
import { buildStateObject } from '../../src/rows/build-state.ts';
import { createUniqueIds } from '../../src/rows/ids/unique-ids.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { profileOf } from './build.ts';
import {
  asText,
  FORMATS,
  inCalls,
  inOnePass,
  openJob,
  row,
  shortEvery,
  START,
  type InputFile,
  type Made,
  type Shape,
} from './divided-build.ts';
import { trials } from '../support/exhaustive.ts';

const utf16 = (content: Buffer): Buffer => Buffer.from(`\uFEFF${content.toString('utf8')}`, 'utf16le');

const isText = (extension: string): boolean => extension !== '.xlsx' && extension !== '.parquet';

describe.each(Object.entries(FORMATS))('a %s file', (extension, write) => {
  const all = isText(extension) ? 20 : 6;
  trials(all / 2, all).test(
    'is built to the same bytes in one pass and in any number of calls',
    async (numRuns) => {
      const writing = fc.record({ lineEnd: fc.constantFrom('\n', '\r\n', '\r'), bom: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(
          fc.array(row, { minLength: 1, maxLength: 40 }),
          writing,
          fc.integer({ min: 1, max: 4 }),
          fc.constantFrom('plain', 'gzip', ...(isText(extension) ? (['utf-16'] as const) : [])),
          fc.constantFrom(undefined, 'always'),
          async (rows, how, nth, wrapping, dedupe) => {
            const content = write([...START, ...rows], how);
            const half = content.length - 100;
            const file = {
              plain: { name: `rows${extension}`, content },
              // Two gzip members, as from `cat a.gz b.gz`.
              gzip: {
                name: `rows${extension}.gz`,
                content: Buffer.concat([
                  gzipSync(content.subarray(0, half)),
                  gzipSync(content.subarray(half)),
                ]),
              },
              'utf-16': { name: `rows${extension}`, content: utf16(content) },
            }[wrapping] as InputFile;
            const second = {
              name: 'second.jsonl',
              content: Buffer.from('{"custom_id":"q1","prompt":"x"}\n'),
            };
            const shape = { profile: profileOf({ shardLimits: { maxBytes: 10_000, maxRows: 5 }, dedupe }) };
            const whole = await inOnePass([file, second], shape);
            const divided = await inCalls([file, second], shortEvery(nth), { shape });
            expect(divided.plan).toEqual(whole.plan);
            // Files of a refused job may differ, because they are never sent.
            if (typeof whole.plan !== 'string') expect(divided.files).toEqual(whole.files);
          },
        ),
        { numRuns },
      );
    },
  );
});

/** Rows as JSON lines, and the results of an earlier job with the same rows. */
function answered(rows: readonly Made[], fates: readonly string[]) {
  const content = FORMATS['.jsonl']?.([...START, ...rows], { lineEnd: '\n', bom: false }) ?? Buffer.alloc(0);
  const results = [...START, ...rows].map(({ id }, n) => {
    const custom_id = id ?? `row-${n + 1}`;
    const fate = fates[n % fates.length];
    if (fate === 'ok') return { custom_id, ok: true, text: `answer ${n}`, round: 1 };
    const outcome = fate === 'failed' ? 'failed' : 'invalid';
    const code = fate === 'duplicate' ? 'DUPLICATE_CUSTOM_ID' : 'NO_PROMPT';
    return { custom_id, ok: false, outcome, error: { code, message: 'why' }, retry: false, round: 0 };
  });
  const lines = Buffer.from(results.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return { file: { name: 'rows.jsonl', content }, beside: [[resultsKey('before'), lines]] as const };
}

describe.each([
  ['a retried job', { retry: { jobId: 'before', rows: 'not ok' } }],
  [
    'a job that takes the answers of a sample',
    { sample: { jobId: 'before', results: resultsKey('before') } },
  ],
])('%s', (_, of) => {
  trials(10, 40).test(
    'is built to the same bytes in one pass, in any number of calls, and with few ids in memory',
    async (numRuns) => {
      const fate = fc.constantFrom('ok', 'failed', 'invalid', 'duplicate');
      await fc.assert(
        fc.asyncProperty(
          fc.array(row, { minLength: 1, maxLength: 40 }),
          fc.array(fate, { minLength: 1, maxLength: 5 }),
          fc.integer({ min: 1, max: 4 }),
          fc.constantFrom(undefined, { atOnce: 5, filterBits: 128 }),
          async (rows, fates, nth, bounds) => {
            const { file, beside } = answered(rows, fates);
            const shape = { ...of, beside } as Shape;
            const whole = await inOnePass([file], shape);
            const divided = await inCalls([file], shortEvery(nth), { shape, bounds });
            expect(divided.plan).toEqual(whole.plan);
            if (typeof whole.plan !== 'string') expect(divided.files).toEqual(whole.files);
          },
        ),
        { numRuns },
      );
    },
  );
});

const lines = (count: number): InputFile => ({
  name: 'rows.jsonl',
  content: Buffer.from(
    Array.from({ length: count }, (_, n) => `{"custom_id":"q${n}","prompt":"row ${n} of many"}\n`).join(''),
  ),
});

test('a build with very little time per call reads one chunk per call, and ends', async () => {
  const { calls, plan } = await inCalls([lines(2_000)], { isShort: () => true, isOver: () => false });
  expect(calls).toBeGreaterThan(20);
  expect(plan).toMatchObject({ rows: 2_000, invalid: 0 });
});

test('a failed call that is repeated continues where the last saved one has stopped', async () => {
  const whole = await inOnePass([lines(1_700)]);
  const { job, store, filesOf } = openJob([lines(1_700)]);
  const time = shortEvery(3);
  for (let call = 1; ; call += 1) {
    const from = await buildStateObject.read(store, 'job-1');
    // A first try of the call gets further, and its state is not stored.
    const unsaved: ObjectStore = {
      ...store,
      put: () => Promise.reject(new Error('The store is down.')),
    };
    if (call > 1) await buildOn(unsaved, job, { createRequests, time: shortEvery(6), from }).catch(asText);
    const plan = await buildOn(store, job, { createRequests, time, from });
    if (!isPlan(plan)) continue;
    expect(plan).toEqual(whole.plan);
    expect(filesOf()).toEqual(whole.files);
    return;
  }
});

test.each([
  ['', {}],
  [' that reads all ids first', { bounds: { atOnce: 500, filterBits: 65_536 } }],
])('a build%s begins again if another call has cut its open shard', async (_, parts) => {
  const whole = await inOnePass([lines(1_700)]);
  const { job, store, filesOf } = openJob([lines(1_700)]);
  let isCut = false;
  for (let call = 1; call < 2_000; call += 1) {
    const from = await buildStateObject.read(store, 'job-1');
    const { plans, open } = from?.reading?.writer ?? {};
    if (!isCut && plans !== undefined && plans.length > 2 && open !== undefined && open.sent > 0) {
      const key = roundKey({ jobId: 'job-1', shard: plans.length }, 1, 'requests.jsonl');
      await store.put(key, (await store.get(key))?.subarray(0, 1) ?? '');
      isCut = true;
    }
    const plan = await buildOn(store, job, { createRequests, ...parts, time: shortEvery(3), from });
    if (!isPlan(plan)) continue;
    expect(isCut).toBe(true);
    expect(plan).toEqual(whole.plan);
    expect(filesOf()).toEqual(whole.files);
    return;
  }
  throw new Error('The build does not end.');
});

test('ids that only share a hash are detected, with any division of the build and the search into calls', async () => {
  const file = lines(1_700);
  let attempts = 0;
  const seeds = new Set<number>();
  // With the first seed, all ids from the 1,690th on get the hash of the first.
  const createIds = (seed: number): ReturnType<typeof createUniqueIds> => {
    if (!seeds.has(seed)) attempts += 1;
    seeds.add(seed);
    const isFirst = attempts === 1;
    const real = createUniqueIds(seed);
    return { ...real, add: (id) => real.add(isFirst && Number(id.slice(1)) >= 1_690 ? 'q0' : id) };
  };
  const divided = await inCalls([file], shortEvery(2), { createIds });
  const whole = await inOnePass([file]);
  expect(divided.plan).toEqual(whole.plan);
  expect(divided.files).toEqual(whole.files);
  expect(attempts).toBe(2);
});

test('requests that only share a hash are detected, with any division of the build and the search into calls', async () => {
  const repeated = Array.from(
    { length: 1_700 },
    (_, n) => `{"custom_id":"q${n}","prompt":"row ${n % 900} of many"}\n`,
  );
  const file = { name: 'rows.jsonl', content: Buffer.from(repeated.join('')) };
  const shape = {
    profile: profileOf({ shardLimits: { maxBytes: 10_000, maxRows: 5 }, dedupe: 'always' as const }),
  };
  const seeds: number[] = [];
  /** With the first seed, two requests share a hash, so rows that repeat one of them count as repetitions of the other. */
  const createHash = (seed: number): RequestHash => {
    if (!seeds.includes(seed)) seeds.push(seed);
    return seeds[0] === seed ? new ConfusedHash(seed) : new RequestHash(seed);
  };

  const divided = await inCalls([file], shortEvery(2), { shape, createHash });

  const whole = await inOnePass([file], shape);
  expect(whole.plan).toMatchObject({ rows: 1_700, deduplicated: 800 });
  expect(divided.plan).toEqual(whole.plan);
  // The first build may have left further shards.
  expect(divided.files).toMatchObject(whole.files);
  expect(seeds).toHaveLength(2);
});

/** Gives two different requests the same hash. */
class ConfusedHash extends RequestHash {
  override take(line: Buffer, start: number): void {
    super.take(line, start);
    if (!line.includes('row 899 ') && !line.includes('row 898 ')) return;
    this.high = 7;
    this.low = 7;
  }
}

test('a file that cannot be read from its middle, and takes the whole time to be read again, is refused', async () => {
  const zipped = { name: 'rows.jsonl.gz', content: gzipSync(lines(20_000).content) };
  let looks = 0;
  const time: StepTime = { isShort: () => true, isOver: () => (looks += 1) > 3 };
  const { plan } = await inCalls([zipped], time);
  expect(plan).toMatch(/rows\.jsonl\.gz cannot be read from its middle.*Split it/);
});
