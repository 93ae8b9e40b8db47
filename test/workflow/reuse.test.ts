import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EXHAUSTIVE, trials } from '../support/exhaustive.ts';
import { answerIndexKey, resultsKey, REUSE_PREFIX } from '../../src/checkpoints/keys.ts';
import type { ResultLine } from '../../src/checkpoints/result-line.ts';
import { CONFIG } from '../support/config.ts';
import {
  expectReconciled,
  openWorld,
  paidAnswers,
  type Ended,
  type RunOptions,
  type World,
} from './world.ts';

const { profiles } = CONFIG;
const twoProfiles = {
  ...CONFIG,
  profiles: { ...profiles, other: { provider: 'simulator', model: 'glm-4.7:batch' } },
};

const REUSE = { reuse: 'always' } as const;

interface TestRow {
  readonly id: string;
  readonly prompt: string;
}

const linesOf = (rows: readonly TestRow[]): string =>
  rows.map(({ id, prompt }) => `${JSON.stringify({ custom_id: id, prompt })}\n`).join('');

const rowsOf = (...prompts: readonly string[]): string =>
  linesOf(prompts.map((prompt, n) => ({ id: `q${n}`, prompt })));

const textsOf = ({ results }: Pick<Ended, 'results'>): unknown[] =>
  results.map((line) => [line.custom_id, line.ok, line.ok ? line.text : line.error.code]);

const fromOf = ({ results }: Ended): (string | undefined)[] =>
  results.map((line) => (line.ok ? line.reused?.jobId : undefined));

function expectReusedReconciled(ended: Ended): void {
  const { summary, results } = ended;
  expectReconciled(ended);
  const { deduplicated, reused } = summary;
  expect(results.filter((line) => line.ok && line.reused !== undefined)).toHaveLength(reused?.rows ?? 0);
  const followers = results.filter(({ answeredBy }) => answeredBy !== undefined);
  expect(followers).toHaveLength(deduplicated?.rows ?? 0);
  if (deduplicated !== undefined) expect(followers.filter(({ ok }) => ok)).toHaveLength(deduplicated.ok ?? 0);
}

/** Runs jobs one after another in one bucket. Their names are numbered. */
function nights(world: World): (input: string, options?: RunOptions) => Promise<Ended> {
  let night = 0;
  return (input, options = {}) =>
    world.run(input, { name: `night-${(night += 1)}.jsonl`, ...REUSE, ...options });
}

describe('a job that reuses answers', () => {
  test('sends only rows that no earlier job of its profile sent', async () => {
    const world = await openWorld();
    const run = nights(world);

    const first = await run(rowsOf('a', 'b', 'c'));
    const second = await run(
      linesOf([
        { id: 'new', prompt: 'd' },
        { id: 'other id', prompt: 'b' },
        { id: 'q0', prompt: 'a' },
      ]),
    );

    expect(paidAnswers(world)).toBe(4);
    expect(fromOf(first)).toEqual([undefined, undefined, undefined]);
    expect(fromOf(second)).toEqual([undefined, first.jobId, first.jobId]);
    const [, earlier] = first.results as (ResultLine & { ok: true })[];
    const { round, ...answer } = earlier ?? {};
    expect(round).toBe(1);
    expect(second.results[1]).toEqual({
      ...answer,
      custom_id: 'other id',
      reused: { jobId: first.jobId, at: first.summary.endedAt },
    });
    expect(second.summary).toMatchObject({ status: 'succeeded', rows: 3, sent: 1, counts: { ok: 3 } });
    expectReusedReconciled(second);
  });

  test('counts no usage for reused answers, and reports the savings', async () => {
    const world = await openWorld();
    const run = nights(world);
    const price = { inputPerMillion: 1_000_000, outputPerMillion: 0, currency: 'EUR' };

    const first = await run(rowsOf('a', 'b'));
    const second = await run(rowsOf('a', 'b'), { price });

    expect(second.summary.usage).toMatchObject({ inputTokens: 0, outputTokens: 0 });
    expect(second.summary.batches).toEqual([]);
    expect(second.summary.sent).toBe(0);
    const { reused } = second.summary;
    expect(reused).toMatchObject({ rows: 2, from: [{ jobId: first.jobId, rows: 2 }] });
    expect(reused?.saved).toMatchObject({
      inputTokens: first.summary.usage.inputTokens,
      outputTokens: first.summary.usage.outputTokens,
      money: { amount: first.summary.usage.inputTokens, currency: 'EUR' },
    });
    expectReusedReconciled(second);
  });

  test('names the job that asked, also when later jobs reused its answer', async () => {
    const world = await openWorld();
    const run = nights(world);

    const first = await run(rowsOf('a'));
    const second = await run(rowsOf('a', 'b'));
    const third = await run(rowsOf('b', 'a'));

    expect(fromOf(third)).toEqual([second.jobId, first.jobId]);
    expect(paidAnswers(world)).toBe(2);
  });

  test.each<[string, RunOptions]>([
    ['another profile', { profile: 'other' }],
    ['another model', { model: 'another' }],
    ['another parameter', { body: { max_tokens: 5 } }],
    ['another template', { prompt: 'Say {{prompt}}' }],
    ['another shape of the results', { resultShape: 'body' }],
    ['a schema', { output: { schema: { type: 'string' } } }],
    ['another ladder', { then: [{ model: 'larger' }] }],
    ['a profile that does not reuse', { reuse: false }],
  ])('does not reuse answers for %s', async (_, options) => {
    const world = await openWorld({ config: twoProfiles });
    const run = nights(world);

    await run(rowsOf('a'));
    const second = await run(rowsOf('a'), options);

    expect(second.summary.reused).toBeUndefined();
    expect(paidAnswers(world)).toBe(2);
  });

  test('does not reuse one answer for several rows if dedupe is off', async () => {
    const world = await openWorld();
    const run = nights(world);

    await run(rowsOf('a', 'a'), { dedupe: false });
    const second = await run(rowsOf('a', 'b', 'a'), { dedupe: false });

    expect(fromOf(second).map((jobId) => jobId !== undefined)).toEqual([true, false, false]);
    expect(paidAnswers(world)).toBe(4);
    expectReusedReconciled(second);
  });

  test('reuses the answers of a retry, and the other answers of its job', async () => {
    const world = await openWorld();
    const run = nights(world);
    world.simulator.addFaults({
      at: 'row',
      ids: ['q1'],
      action: { kind: 'error', code: 'NO_SUCH_THING', status: 400 },
      times: 1,
    });

    const first = await run(rowsOf('a', 'b', 'c'));
    expect(first.summary.status).toBe('partial');
    const { retryId } = await world.retry(first.jobId);
    const paidBefore = paidAnswers(world);
    const second = await run(rowsOf('a', 'b', 'c', 'd'));

    expect(fromOf(second)).toEqual([first.jobId, retryId, first.jobId, undefined]);
    expect(paidAnswers(world)).toBe(paidBefore + 1);
  });

  test('counts the answers that a retry reuses from another job', async () => {
    const world = await openWorld();
    const run = nights(world);
    const action = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;
    world.simulator.addFaults({ at: 'row', ids: ['q1'], action, times: 1 });
    const first = await run(rowsOf('a', 'b'));
    const other = await run(linesOf([{ id: 'x', prompt: 'b' }]));
    const paidBefore = paidAnswers(world);

    const retried = await world.retry(first.jobId);

    expect(paidAnswers(world)).toBe(paidBefore);
    expect(retried.summary).toMatchObject({
      status: 'succeeded',
      counts: { ok: 2 },
      reused: { rows: 1, from: [{ jobId: other.jobId, rows: 1 }] },
    });
    expect(retried.results[1]).toMatchObject({ custom_id: 'q1', reused: { jobId: other.jobId }, retried: 1 });
    expect(retried.summary.sent).toBe(1);
    expectReusedReconciled(retried);
  });

  test('counts each row once, through retries that send, repeat and reuse', EXHAUSTIVE, async () => {
    const prompts = fc.array(fc.constantFrom('a', 'b', 'c', 'd', ' '), { minLength: 1, maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(
        prompts,
        fc.array(fc.tuple(fc.nat(8), fc.integer({ min: 1, max: 3 })), { maxLength: 6 }),
        fc.array(prompts, { minLength: 1, maxLength: 2 }),
        async (first, failing, others) => {
          const world = await openWorld();
          const run = nights(world);
          const action = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;
          for (const [n, times] of failing)
            world.simulator.addFaults({ at: 'row', ids: [`q${n}`], action, times });
          const { jobId, ...ended } = await run(rowsOf(...first), { rounds: 1 });
          expectReusedReconciled({ jobId, ...ended });
          let status = ended.summary.status;

          for (const [n, other] of others.entries()) {
            const rows = other.map((prompt, at) => ({ id: `other-${n}-${at}`, prompt }));
            expectReusedReconciled(await run(linesOf(rows), { rounds: 1 }));
            if (status !== 'partial') break;
            const retried = await world.retry(jobId);
            expectReusedReconciled(retried);
            ({ status } = retried.summary);
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  test('counts only rows that are sent in a budget of rows', async () => {
    const world = await openWorld();
    const run = nights(world);
    await run(rowsOf('a', 'b', 'c'));
    const budget = { maxRows: 2 };

    const within = await run(rowsOf('a', 'b', 'c', 'd', 'e', 'd', ' '), { budget });
    const beyond = await run(rowsOf('a', 'f', 'g', 'h'), { budget });

    expect(within.summary).toMatchObject({ status: 'partial', sent: 2, counts: { ok: 6, invalid: 1 } });
    expect(beyond.summary.failure?.message).toContain('has 3 rows to send, more than the 2 of the budget');
    expectReusedReconciled(beyond);
  });

  test('reuses the answers of a pilot, of rows that follow others, and of both', async () => {
    const world = await openWorld();
    const run = nights(world);
    const pilot = { rows: 2, maxBad: 0.9 };

    const first = await run(rowsOf('a', 'b', 'a', 'c', 'd', 'b', 'e'), {
      pilot,
      shardLimits: { maxRows: 3 },
    });
    const second = await run(rowsOf('e', 'd', 'c', 'b', 'a', 'f', 'g', 'h'), { pilot });

    expect(first.summary.pilot?.rows).toBe(2);
    expect(second.summary).toMatchObject({ sent: 3, reused: { rows: 5 }, pilot: { rows: 2 } });
    expect(paidAnswers(world)).toBe(8);
    expect(textsOf(second)).toEqual(
      textsOf(await (await openWorld()).run(rowsOf('e', 'd', 'c', 'b', 'a', 'f', 'g', 'h'))),
    );
    expectReusedReconciled(second);
  });

  test('counts only rows that were sent in the steps of a ladder', async () => {
    const world = await openWorld();
    const run = nights(world);
    const then = [{ model: 'big' }];
    await run(rowsOf('a', 'b'), { then });

    const second = await run(rowsOf('a', 'b', 'c'), { then });
    const third = await run(rowsOf('a', 'b', 'c'), { then });

    expect(second.summary.steps).toMatchObject([{ step: 1, rows: 1, ok: 1 }]);
    expect(third.summary.steps).toEqual([]);
    expectReusedReconciled(third);
  });

  test('reuses answers for the set number of days', async () => {
    const world = await openWorld();
    const run = nights(world);

    const first = await run(rowsOf('a'));
    const [marker = ''] = await keysOf(world, REUSE_PREFIX);
    const written = 9_999_999_999_999 - Number(marker.split('/').at(-1)?.slice(0, 13));
    expect(new Date(written).toISOString()).toBe(first.summary.endedAt);
    const soon = await run(rowsOf('a'), { reuse: { days: 1 } });
    await world.store.delete(marker);
    await world.store.put(
      marker.replace(/\d{13}(?=-[^/]*$)/, String(9_999_999_999_999 - written + 2 * 86_400_000)),
      '',
    );
    const late = await run(rowsOf('a'), { reuse: { days: 1 } });

    expect(soon.summary.reused?.rows).toBe(1);
    expect(late.summary.reused).toBeUndefined();
  });

  test('sends rows whose earlier results are deleted', async () => {
    const world = await openWorld();
    const run = nights(world);

    const first = await run(rowsOf('a', 'b'));
    const second = await run(rowsOf('a'));
    await world.store.delete(resultsKey(first.jobId));
    const third = await run(rowsOf('a', 'b'));

    expect(second.summary.reused?.rows).toBe(1);
    expect(third.summary.reused).toBeUndefined();
    expect(textsOf(third)).toEqual(textsOf(first));
    expectReusedReconciled(third);
  });

  trials(2, 8).test(
    'trusts no index: with any content of the index, each row has its own answer',
    async (numRuns) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 40 }),
          fc.constantFrom('bytes', 'cut', 'swapped', 'other job'),
          async (changes, how) => {
            const world = await openWorld();
            const run = nights(world);
            const first = await run(rowsOf('a', 'b', 'c', 'd'));
            const other = await run(rowsOf('e', 'f', 'g', 'h'));
            const [key, otherKey] = [answerIndexKey(first.jobId), answerIndexKey(other.jobId)];
            const index = (await world.store.get(key)) ?? Buffer.alloc(0);
            const others = (await world.store.get(otherKey)) ?? Buffer.alloc(0);
            await world.store.put(key, damage(index, others, changes, how));

            const last = await run(rowsOf('d', 'h', 'a', 'e', 'c', 'b', 'g', 'f'));
            const alone = await run(rowsOf('d', 'h', 'a', 'e', 'c', 'b', 'g', 'f'), { reuse: false });

            expect(textsOf(last)).toEqual(textsOf(alone));
            expectReusedReconciled(last);
          },
        ),
        { numRuns },
      );
    },
  );

  test(
    'has the same answers as sending all rows, with any division of rows over nights',
    EXHAUSTIVE,
    async () => {
      const night = fc.record({
        prompts: fc.array(fc.constantFrom('a', 'b', 'c', 'd', '[fail:NO_SUCH_THING] e', ' '), {
          minLength: 1,
          maxLength: 12,
        }),
        maxRows: fc.integer({ min: 1, max: 5 }),
        dedupe: fc.constantFrom(undefined, true, false),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(night, { minLength: 2, maxLength: 3 }), async (all) => {
          const world = await openWorld();
          const run = nights(world);
          const asked = new Set<string>();
          for (const { prompts, maxRows, dedupe } of all) {
            const treatment = {
              shardLimits: { maxRows },
              rounds: 1,
              ...(dedupe !== undefined && { dedupe }),
            };
            const alone = await (await openWorld()).run(rowsOf(...prompts), treatment);

            const ended = await run(rowsOf(...prompts), treatment);

            expect(textsOf(ended)).toEqual(textsOf(alone));
            expect(ended.deadLetters.map(({ custom_id }) => custom_id)).toEqual(
              alone.deadLetters.map(({ custom_id }) => custom_id),
            );
            expect(ended.summary.counts).toEqual(alone.summary.counts);
            expectReusedReconciled(ended);
            const known = prompts.filter((prompt) => asked.has(prompt));
            const repeats = dedupe === false ? known.length - new Set(known).size : 0;
            expect(ended.summary.reused?.rows ?? 0).toBe(known.length - repeats);
            for (const prompt of prompts) if (/^[a-d]$/.test(prompt)) asked.add(prompt);
          }
        }),
        { numRuns: 5 },
      );
    },
  );
});

async function keysOf({ store }: World, prefix: string): Promise<string[]> {
  return (await Array.fromAsync(store.list(prefix))).map(({ key }) => key);
}

/** Returns a damaged or foreign index. */
function damage(
  index: Buffer,
  other: Buffer,
  changes: readonly (readonly [at: number, byte: number])[],
  how: string,
): Buffer {
  if (how === 'other job') return other;
  if (how === 'cut') return index.subarray(0, (changes[0]?.[0] ?? 0) % index.length);
  const damaged = Buffer.from(index);
  if (how === 'swapped') {
    // Swaps each fingerprint with the one of the next row.
    for (let at = 24; at + 48 <= index.length; at += 24) index.copy(damaged, at, at + 24, at + 32);
    return damaged;
  }
  for (const [at, byte] of changes) damaged[24 + (at % (index.length - 24))] = byte;
  return damaged;
}
