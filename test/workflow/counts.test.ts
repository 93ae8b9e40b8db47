import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { EXHAUSTIVE } from '../support/exhaustive.ts';
import { expectReconciled, openWorld, type Ended, type RunOptions } from './world.ts';

const rowsOf = (name: string, prompts: readonly string[]): string =>
  prompts.map((prompt, n) => `${JSON.stringify({ custom_id: `${name}${n}`, prompt })}\n`).join('');

const prompts = fc.array(fc.constantFrom<string[]>('a', 'b', 'c', 'd', 'e', '[fail:NO_SUCH_THING] f', ' '), {
  minLength: 1,
  maxLength: 12,
});

const BAD = ['[fail:NO_SUCH_THING] f', '[fail:NO_SUCH_THING] g', ' '];

const options: fc.Arbitrary<RunOptions> = fc.record(
  {
    rounds: fc.integer({ min: 1, max: 2 }),
    shardLimits: fc.record({ maxRows: fc.integer({ min: 1, max: 5 }) }),
    pilot: fc.record({ rows: fc.integer({ min: 1, max: 3 }), maxBad: fc.constant(0.99) }),
    then: fc.constantFrom<NonNullable<RunOptions['then']>>(
      [{ model: 'big' }],
      [{ direct: true }],
      [{ model: 'big', for: ['failed'] }],
    ),
    dedupe: fc.boolean(),
    reuse: fc.constant('always' as const),
  },
  { requiredKeys: ['rounds'] },
);

/** Checks that the summary counts what the result lines contain. */
function expectCounted(ended: Ended): void {
  expectReconciled(ended);
  const { summary, results } = ended;
  const followers = results.filter(({ answeredBy }) => answeredBy !== undefined);
  const reused = results.filter((line) => line.ok && line.reused !== undefined);
  expect(followers).toHaveLength(summary.deduplicated?.rows ?? 0);
  expect(followers.filter(({ ok }) => ok)).toHaveLength(summary.deduplicated?.ok ?? 0);
  expect(reused.filter(({ answeredBy }) => answeredBy === undefined)).toHaveLength(summary.reused?.rows ?? 0);
  const failed = results.filter((line) => !line.ok && line.outcome !== 'invalid');
  expect(summary.errors.reduce((sum, { rows }) => sum + rows, 0)).toBe(failed.length);
  const own = results.filter(
    (line) => line.ok && [line.retried, line.reused, line.answeredBy].every((field) => field === undefined),
  );
  if (summary.steps !== undefined)
    expect(summary.steps.reduce((sum, { ok }) => sum + ok, 0)).toBe(own.length);
}

test(
  'a job with a pilot, a ladder, repeated and reused rows counts each row once, also after retries',
  EXHAUSTIVE,
  async () => {
    const failing = fc.array(fc.tuple(fc.nat(11), fc.integer({ min: 1, max: 4 })), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(prompts, prompts, failing, options, async (before, rows, faults, treatment) => {
        const world = await openWorld();
        expectCounted(await world.run(rowsOf('p', before), { name: 'before.jsonl', ...treatment }));
        for (const [n, times] of faults)
          world.simulator.addFaults({
            at: 'row',
            ids: [`q${n}`],
            action: { kind: 'error', code: 'NO_SUCH_THING', status: 400 },
            times,
          });
        let ended = await world.run(rowsOf('q', rows), { name: 'job.jsonl', ...treatment });
        expectCounted(ended);
        for (let nth = 0; nth < 2 && ended.summary.status === 'partial'; nth += 1) {
          ended = await world.retry(ended.jobId);
          expectCounted(ended);
        }
        expectCounted(await world.run(rowsOf('z', rows), { name: 'after.jsonl', ...treatment }));
      }),
      {
        numRuns: 6,
        // The pilot fails, and no other row is sent.
        examples: [[BAD, BAD, [], { rounds: 1, dedupe: false, pilot: { rows: 1, maxBad: 0.99 } }]],
      },
    );
  },
);
