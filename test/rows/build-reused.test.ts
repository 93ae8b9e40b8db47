import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Job } from '../../src/checkpoints/job.ts';
import { answerIndexKey, resultsKey, shardsPrefix } from '../../src/checkpoints/keys.ts';
import { rowsToSend, type Plan } from '../../src/checkpoints/plan.ts';
import { createRequests } from '../../src/steps/create-requests.ts';
import { buildOn, buildShards, isPlan } from '../../src/rows/build-shards.ts';
import { buildStateObject, forgetBuildState } from '../../src/rows/build-state.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { endJob } from '../reuse/earlier-job.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { profileOf } from './build.ts';

interface Made {
  readonly id: string | null;
  readonly prompt: string;
}

/** A reader takes these rows as one batch, because it looks at their bytes to recognise the format. Calls can stop only after them. */
const START: readonly Made[] = Array.from({ length: 12 }, (_, n) => ({
  id: `start-${n}`,
  prompt: `${n} ${'x'.repeat(6_000)}`,
}));

const content = (rows: readonly Made[]): string =>
  rows
    .map(({ id, prompt }) =>
      prompt === ','
        ? '{"broken\n'
        : `${JSON.stringify({ ...(id !== null && { custom_id: id }), prompt, temperature: prompt === 'warm' ? 1 : 0 })}\n`,
    )
    .join('');

interface World {
  readonly store: ObjectStore;
  readonly job: Job;
  readonly files: () => Record<string, string>;
}

/** A bucket in which an earlier job has answered some rows. */
async function openWorld(before: readonly Made[], rows: readonly Made[], shape: object): Promise<World> {
  const objects = new Map([
    ['input/before.jsonl', Buffer.from(content(before))],
    ['input/rows.jsonl', Buffer.from(content(rows))],
  ]);
  const store = createMemoryStore(509, objects);
  const job: Job = {
    jobId: 'job-1',
    inputs: [{ key: 'input/rows.jsonl' }],
    createdAt: '2026-11-02T00:00:00.000Z',
    profile: profileOf({ shardLimits: { maxBytes: 10_000, maxRows: 3 }, reuse: 'always', ...shape }),
  };
  await endJob(store, {
    ...job,
    jobId: 'earlier',
    inputs: [{ key: 'input/before.jsonl' }],
    createdAt: '2026-11-01T00:00:00.000Z',
  });
  const files = (): Record<string, string> =>
    Object.fromEntries(
      [...objects]
        .filter(([key]) => key.startsWith(shardsPrefix('job-1')))
        .map(([key, bytes]) => [key, bytes.toString('latin1')]),
    );
  return { store, job, files };
}

/**
 * Builds in calls whose time is short at every nth look.
 * @param between called between two calls
 */
async function buildInCalls(
  { store, job }: World,
  nth: number,
  between: (call: number) => Promise<void> = () => Promise.resolve(),
): Promise<Plan> {
  let looks = 0;
  const time = { isShort: () => (looks += 1) % nth === 0, isOver: () => false };
  for (let call = 1; call < 2_000; call += 1) {
    const from = await buildStateObject.read(store, 'job-1');
    const plan = await buildOn(store, job, { createRequests, time, from });
    if (isPlan(plan)) {
      await forgetBuildState(store, 'job-1');
      return plan;
    }
    await between(call);
  }
  throw new Error('The build does not end.');
}

const prompt = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constantFrom('plain', 'warm', ',', '', 'ä€😀', '   ', 'long '.repeat(60), 'a', 'b', 'c'),
);
const row = fc.record({ id: fc.option(fc.nat(12).map((n) => `q${n}`)), prompt });

describe('rows that an earlier job has answered', () => {
  test('are built to the same bytes in one pass and in any number of calls', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { maxLength: 30 }),
        fc.array(row, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(undefined, 'always', 'without temperature'),
        async (before, rows, nth, dedupe) => {
          const worlds = [START.slice(0, 6), START.slice(0, 6)].map((known) =>
            openWorld([...known, ...before], [...START, ...rows], { dedupe }),
          );
          const [one, other] = await Promise.all(worlds);
          if (one === undefined || other === undefined) throw new Error('Two worlds are needed.');

          const whole = await buildShards(one.store, one.job, { createRequests });
          const divided = await buildInCalls(other, nth);

          expect(whole.reused?.rows).toBeGreaterThanOrEqual(6);
          const { invalid, deduplicated = 0, reused } = whole;
          expect(rowsToSend(whole) + invalid + deduplicated + (reused?.rows ?? 0)).toBe(whole.rows);
          expect(divided).toEqual(whole);
          expect(other.files()).toEqual(one.files());
        },
      ),
      { numRuns: 30 },
    );
  });

  const many: readonly Made[] = Array.from({ length: 300 }, (_, n) => ({ id: `m${n}`, prompt: `row ${n}` }));

  test('are those of the first call: a job that ends meanwhile has no effect', async () => {
    const world = await openWorld(many.slice(0, 100), [...START, ...many], {});
    const alone = await openWorld(many.slice(0, 100), [...START, ...many], {});
    const whole = await buildShards(alone.store, alone.job, { createRequests });

    const plan = await buildInCalls(world, 4, async (call) => {
      if (call !== 1) return;
      await world.store.put('input/meanwhile.jsonl', content(many.slice(100)));
      const inputs = [{ key: 'input/meanwhile.jsonl' }];
      await endJob(world.store, { ...world.job, jobId: 'meanwhile', inputs }, '2026-11-02T01:00:00.000Z');
    });

    expect(plan.reused).toMatchObject({ rows: 100, from: [{ jobId: 'earlier', rows: 100 }] });
    expect(plan).toEqual(whole);
  });

  test.each(['index', 'results'])('are sent when the %s is deleted between two calls', async (what) => {
    const world = await openWorld(many, [...START, ...many], {});

    const plan = await buildInCalls(world, 4, async (call) => {
      if (call !== 2) return;
      await world.store.delete(what === 'index' ? answerIndexKey('earlier') : resultsKey('earlier'));
    });

    const reused = plan.reused?.rows ?? 0;
    expect(reused).toBeLessThan(300);
    expect(plan.shards.reduce((sum, { requests }) => sum + requests, 0)).toBe(312 - reused);
    expect(plan.shards.reduce((sum, { rows }) => sum + rows, 0)).toBe(312);
  });
});
