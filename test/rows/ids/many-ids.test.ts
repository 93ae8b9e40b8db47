import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IdHash } from '../../../src/rows/ids/id-hash.ts';
import { SeenFilter } from '../../../src/rows/ids/seen-filter.ts';
import { profileOf } from '../build.ts';
import { FORMATS, inCalls, inOnePass, row, shortEvery, START, type InputFile } from '../divided-build.ts';
import { trials } from '../../support/exhaustive.ts';

/** Time that is never short. */
const ENOUGH = { isShort: () => false, isOver: () => false };

/** A filter with few bits, which takes most new ids for known ones. */
const FEW = { atOnce: 3, filterBits: 64 };

const lines = (ids: readonly string[]): InputFile['content'] =>
  Buffer.from(
    ids.map((custom_id) => `${JSON.stringify({ custom_id, prompt: `of ${custom_id}` })}\n`).join(''),
  );

describe('a job with more ids than fit into one table', () => {
  describe.each(Object.entries(FORMATS))('of %s files', (extension, write) => {
    const [quick, all] = extension === '.xlsx' || extension === '.parquet' ? [2, 4] : [5, 20];
    trials(quick, all).test(
      'is built to the same bytes as one with fewer, in any number of calls',
      async (numRuns) => {
        const writing = fc.record({ lineEnd: fc.constantFrom('\n', '\r\n'), bom: fc.boolean() });
        await fc.assert(
          fc.asyncProperty(
            fc.array(fc.array(row, { maxLength: 25 }), { minLength: 1, maxLength: 3 }),
            writing,
            fc.option(fc.integer({ min: 1, max: 4 })),
            fc.record({
              atOnce: fc.integer({ min: 1, max: 40 }),
              filterBits: fc.constantFrom(32, 128, 65_536),
            }),
            fc.constantFrom(undefined, 'always'),
            async (files, how, nth, bounds, dedupe) => {
              const inputs = files.map((rows, n) => ({
                name: n < 2 ? `${n}/rows${extension}` : `rows_2${extension}`,
                content: write(n === 0 ? [...START, ...rows] : [...rows, ...START.slice(0, 2)], how),
              }));
              const shape = { profile: profileOf({ shardLimits: { maxBytes: 10_000, maxRows: 5 }, dedupe }) };
              const whole = await inOnePass(inputs, shape);
              const time = nth === null ? ENOUGH : shortEvery(nth);
              const surveyed = await inCalls(inputs, time, { shape, bounds });
              expect(surveyed.plan).toEqual(whole.plan);
              if (typeof whole.plan !== 'string') expect(surveyed.files).toEqual(whole.files);
            },
          ),
          { numRuns },
        );
      },
    );
  });

  test('reports its duplicates, at any distance, with the first one', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'a', 'f', 'e', 'a'];
    const file = { name: 'rows.jsonl', content: lines(ids) };

    const { plan, files } = await inCalls([file], ENOUGH, { bounds: FEW });

    expect(plan).toMatchObject({
      rows: 9,
      invalid: 3,
      problems: [6, 8, 9].map((line) => ({ line, code: 'DUPLICATE_CUSTOM_ID' })),
    });
    expect(files).toEqual((await inOnePass([file])).files);
  });

  test('is refused with the name of the limit if too many of its ids are repeated, and nothing is sent', async () => {
    const ids = Array.from({ length: 40 }, (_, n) => `q${n % 20}`);
    const bounds = { atOnce: 3, filterBits: 65_536, repeated: 19 };

    const { plan } = await inCalls([{ name: 'rows.jsonl', content: lines(ids) }], ENOUGH, { bounds });

    expect(plan).toMatch(
      /^A job takes at most about 19 custom_ids that occur more than once, .*nothing was sent/,
    );
  });

  test('is refused with the name of the limit if it has too many rows', async () => {
    const ids = Array.from({ length: 41 }, (_, n) => `q${n}`);
    const bounds = { atOnce: 3, filterBits: 65_536, rows: 40 };

    const { plan } = await inCalls([{ name: 'rows.jsonl', content: lines(ids) }], ENOUGH, { bounds });

    expect(plan).toMatch(/^A job takes at most 40 rows, .*nothing was sent/);
  });
});

describe('the filter of ids', () => {
  const hashed = (seed: number) => {
    const hash = new IdHash(seed);
    return (id: string): IdHash => {
      hash.take(id);
      return hash;
    };
  };

  trials(12, 50).test('keeps every id, also after it was saved and loaded', async (numRuns) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string()),
        fc.nat(),
        fc.constantFrom(32, 1_024, 2 ** 20),
        async (ids, seed, bits) => {
          const of = hashed(seed);
          const filter = new SeenFilter(bits);
          for (const id of ids) filter.take(of(id));
          const loaded = new SeenFilter(bits);
          await loaded.load(
            (async function* () {
              for (const chunk of filter.dump()) yield await Promise.resolve(Uint8Array.from(chunk));
            })(),
          );
          for (const id of ids) expect(loaded.take(of(id))).toBe(true);
        },
      ),
      { numRuns },
    );
  });

  test('mistakes few new ids for known ones: one in thirty at 8 bits per id', () => {
    const of = hashed(7);
    const filter = new SeenFilter(2 ** 20);
    const count = 2 ** 17;
    const wrong = Array.from({ length: count }, (_, n) => filter.take(of(`customer-${n}`))).filter(Boolean);
    // The share while the filter fills up. Once it is full, the share is one in 31.
    expect(wrong.length / count).toBeLessThan(0.012);
    expect(wrong.length).toBeGreaterThan(0);
  });
});
