import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EXHAUSTIVE } from '../support/exhaustive.ts';
import type { CallStep } from '../../host/engine.ts';
import type { Fault } from '../../simulator/faults.ts';
import { pilotResultsKey } from '../../src/checkpoints/keys.ts';
import { pilotObject } from '../../src/checkpoints/pilot.ts';
import type { RowSource } from '../../src/checkpoints/result-line.ts';
import { CONFIG } from '../support/config.ts';
import type { Decision } from '../../src/job-control/approve-or-reject.ts';
import { ownLines } from '../../src/jsonl/own-lines.ts';
import {
  expectReconciled,
  openWorld,
  paidAnswers,
  prompts,
  type Ended,
  type RunOptions,
  type World,
} from './world.ts';

const BAD = '[fail:NO_SUCH_THING] ';

/** Rows of which every nth fails permanently. */
const failing = (count: number, every: number): string =>
  prompts(count, (n) => (n % every === 0 ? `${BAD}${n}` : `row ${n}`));

async function pilotIds({ store }: World, jobId: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const batch of (await ownLines(store, pilotResultsKey(jobId))) ?? [])
    for (const line of batch)
      lines.push((JSON.parse(line.toString('utf8')) as { custom_id: string }).custom_id);
  return lines;
}

/** A world that calls `act` at the third look of a waiting job. */
async function openWaiting(act: (world: World, jobId: string) => Promise<void>): Promise<World> {
  let looks = 0;
  const wrap =
    (call: CallStep): CallStep =>
    async (step, event) => {
      const output = await call(step, event);
      const isWaiting = typeof output === 'object' && output !== null && 'waiting' in output;
      if (isWaiting && (looks += 1) === 3) await act(world, (event as { jobId: string }).jobId);
      return output;
    };
  const world = await openWorld({ wrap });
  return world;
}

const openJudged = (decision: Decision): Promise<World> =>
  openWaiting((world, jobId) => world.judge(jobId, decision));

describe('a pilot', () => {
  test('sends rows from the whole input before all others, and the results keep the order of the input', async () => {
    const world = await openWorld();

    const ended = await world.run(prompts(20), { pilot: { rows: 4, maxBad: 0.5 } });

    expect(world.simulator.batches().map(({ requests }) => requests)).toEqual([4, 16]);
    expect(await pilotIds(world, ended.jobId)).toEqual(['q2', 'q7', 'q12', 'q17']);
    expect(ended.results.map(({ custom_id }) => custom_id)).toEqual(
      Array.from({ length: 20 }, (_, n) => `q${n}`),
    );
    expect(ended.summary).toMatchObject({
      status: 'succeeded',
      counts: { ok: 20 },
      pilot: { state: 'passed', rows: 4, counts: { ok: 4 } },
    });
    expect(paidAnswers(world)).toBe(20);
    expectReconciled(ended);
  });

  test('has the same results as the job without a pilot', async () => {
    const [with_, without] = [await openWorld(), await openWorld()];

    const piloted = await with_.run(failing(12, 5), { pilot: { rows: 3, maxBad: 0.9 } });
    const plain = await without.run(failing(12, 5));

    expect(piloted.results).toEqual(plain.results);
    expect(piloted.deadLetters).toEqual(plain.deadLetters);
    expect(piloted.summary.usage).toEqual(plain.summary.usage);
    expect(piloted.summary.errors).toEqual(plain.summary.errors);
  });

  test('ends the job if too many of its rows are not ok, and nothing else is paid', async () => {
    const world = await openWorld();

    const ended = await world.run(failing(20, 1), { pilot: { rows: 4, maxBad: 0.25 } });

    expect(ended.error?.message).toContain('4 of the 4 rows of the pilot');
    expect(ended.summary).toMatchObject({
      status: 'failed',
      failure: { name: 'PilotStopped', code: 'PILOT_FAILED' },
      counts: { failed: 4, exhausted: 16 },
      pilot: { state: 'failed', rows: 4, counts: { failed: 4 } },
    });
    expect(world.simulator.batches().map(({ requests }) => requests)).toEqual([4]);
    expect(ended.summary.report).toBeDefined();
    expect(await pilotIds(world, ended.jobId)).toHaveLength(4);
    expectReconciled(ended);
  });

  test('is followed by the other rows if the share of bad rows is exactly the limit', async () => {
    const world = await openWorld();

    const ended = await world.run(failing(20, 2), { pilot: { rows: 4, maxBad: 0.5 } });

    const bad = ended.summary.pilot?.counts?.failed ?? 0;
    expect(ended.summary).toMatchObject({ status: 'partial', counts: { ok: 10, failed: 10 } });
    expect(bad).toBeLessThanOrEqual(2);
  });

  test('that failed fails again if the job is resumed, and pays nothing', async () => {
    const world = await openWorld();
    const { jobId } = await world.run(failing(20, 1), { pilot: { rows: 4, maxBad: 0.25 } });

    await world.resume(jobId);

    expect(world.simulator.batches()).toHaveLength(1);
    expect(await pilotObject.read(world.store, jobId)).toMatchObject({ state: 'failed' });
  });

  test('that failed lets the job continue after a person approves it', async () => {
    const world = await openWorld();
    const input = failing(20, 1);
    const { jobId } = await world.run(input, { pilot: { rows: 4, maxBad: 0.25 } });

    await world.judge(jobId, 'approved');
    const ended = await world.run(input);

    expect(ended.summary).toMatchObject({
      status: 'partial',
      counts: { failed: 20 },
      pilot: { state: 'approved' },
    });
    expect(world.simulator.batches().map(({ requests }) => requests)).toEqual([4, 16]);
    expectReconciled(ended);
  });

  test.each([4, 5, 100])('of %i rows is the whole job if that has no more rows', async (rows) => {
    const world = await openWorld();

    const ended = await world.run(failing(4, 1), { pilot: { rows, maxBad: 0, approve: true } });

    expect(ended.summary).toMatchObject({ status: 'partial', counts: { failed: 4 } });
    expect(ended.summary.pilot).toBeUndefined();
    expect(ended.summary.withoutPilot).toEqual({ rows: 4, pilotRows: rows });
  });

  test('has rows of every input file, also of small ones', async () => {
    const world = await openWorld();
    for (const [n, rows] of [1, 30, 2].entries())
      await world.store.put(
        `input/more-${n}.jsonl`,
        prompts(rows, (row) => `${n} of ${row}`),
      );
    const more = [0, 1, 2].map((n) => `input/more-${n}.jsonl`);

    const ended = await world.run(prompts(40), {
      more,
      pilot: { rows: 6, maxBad: 0.5 },
      shardLimits: { maxRows: 7 },
    });

    const ids = new Set(await pilotIds(world, ended.jobId));
    const files = ended.results.flatMap(({ custom_id, source }) =>
      ids.has(custom_id) ? [(source as RowSource).file] : [],
    );
    expect(ids.size).toBe(6);
    expect(new Set(files)).toEqual(new Set(['input/rows.jsonl', ...more]));
    expect(ended.results.map(({ source }) => source?.line).slice(0, 3)).toEqual([1, 2, 3]);
    expectReconciled(ended);
  });

  test('is not sent if the job is strict and a later row is invalid', async () => {
    const world = await openWorld();

    const ended = await world.run(`${prompts(20)}not json\n`, {
      strict: true,
      pilot: { rows: 2, maxBad: 0.5 },
    });

    expect(ended.summary.status).toBe('failed');
    expect(world.simulator.requests().filter(({ method }) => method === 'POST')).toEqual([]);
  });

  test('is not used for a retry, whose rows were all sent before', async () => {
    const world = await openWorld();
    const { jobId } = await world.run(failing(20, 2), { pilot: { rows: 4, maxBad: 0.75 } });

    const ended = await world.retry(jobId);

    expect(world.simulator.batches().map(({ requests }) => requests)).toEqual([4, 16, 10]);
    expectReconciled(ended);
  });

  test('goes through all steps of a ladder before it is judged', async () => {
    const world = await openWorld();
    world.simulator.addFaults({ at: 'row', every: 1, times: 1, action: NOT_FOUND });

    const ended = await world.run(prompts(8), {
      rounds: 1,
      then: [{ model: 'big' }],
      pilot: { rows: 2, maxBad: 0 },
    });

    expect(ended.summary).toMatchObject({
      status: 'succeeded',
      counts: { ok: 8 },
      pilot: { state: 'passed' },
    });
    expect(ended.results.every((line) => line.ok && line.step === 2)).toBe(true);
    expect(ended.summary.steps).toMatchObject([{ rows: 8 }, { rows: 8 }]);
    expectReconciled(ended);
  });

  test('is sent directly if the job is', async () => {
    const world = await openWorld();

    const ended = await world.run(prompts(8), { small: 'direct', pilot: { rows: 2, maxBad: 0 } });

    expect(ended.summary).toMatchObject({
      status: 'succeeded',
      sentDirect: 8,
      pilot: { state: 'passed', rows: 2 },
    });
    expectReconciled(ended);
  });

  test('that has passed does not delay the check of maxBad: a model that fails later costs only the running shards', async () => {
    const collected = Promise.withResolvers<void>();
    const world = await openWorld({
      wrap: (call) => async (step, event) => {
        const { shard } = event as { readonly shard?: number };
        // The pilot's shard is the last one. The first of the other shards is collected before the next ones are sent.
        const isLater = step === 'upload-file' && shard !== undefined && shard > 0 && shard < 4;
        if (isLater) await collected.promise;
        const output = await call(step, event);
        if (step === 'collect-results' && shard === 0) collected.resolve();
        return output;
      },
    });

    const ended = await world.run(
      prompts(20, (n) => ([2, 7, 12, 17].includes(n) ? `row ${n}` : `${BAD}${n}`)),
      { pilot: { rows: 4, maxBad: 0 }, maxBad: 0.4, shardLimits: { maxRows: 5 }, rounds: 1 },
    );

    expect(ended.summary).toMatchObject({
      status: 'failed',
      failure: { code: 'TOO_MANY_BAD_ROWS' },
      counts: { ok: 4, failed: 4, exhausted: 12 },
      pilot: { state: 'passed', rows: 4 },
    });
    expect(world.simulator.batches().map(({ requests }) => requests)).toEqual([4, 4]);
    expectReconciled(ended);
  });

  test('stops the job if the provider denies the account, and a resume continues it', async () => {
    const world = await openWorld();
    world.simulator.addFaults({
      at: 'create',
      action: { kind: 'status', status: 402, code: 'BILLING_2003' },
    });
    const input = prompts(8);

    const { jobId, summary } = await world.run(input, { pilot: { rows: 2, maxBad: 0 } });
    const ended = await world.run(input);

    expect(summary).toMatchObject({
      status: 'failed',
      failure: { name: 'ProviderDenied' },
      counts: { exhausted: 8 },
    });
    expect(ended.summary).toMatchObject({ jobId, status: 'succeeded', pilot: { state: 'passed' } });
    expect(paidAnswers(world)).toBe(8);
    expectReconciled(ended);
  });
});

const NOT_FOUND: Extract<Fault, { at: 'row' }>['action'] = {
  kind: 'error',
  code: 'NO_SUCH_THING',
  status: 400,
};

describe('a pilot that a person judges', () => {
  const WAITS = { pilot: { rows: 2, approve: true } };

  test('lets the other rows follow when it is approved', async () => {
    const world = await openJudged('approved');

    const ended = await world.run(prompts(8), WAITS);

    expect(ended.summary).toMatchObject({
      status: 'succeeded',
      counts: { ok: 8 },
      pilot: { state: 'approved' },
    });
    expect(world.events.filter(({ state }) => state === 'Wait for approval').length).toBeGreaterThan(0);
    const page = String(await world.store.get(`output/${ended.jobId}/pilot.html`));
    expect(page).toContain(
      'Pilot: 2 of 2 rows are ok; the job waits for a person who approves or rejects it',
    );
    expect(page).toContain('2 of 2 rows were answered');
    expectReconciled(ended);
  });

  test('ends the job when it is rejected: the other rows are not sent', async () => {
    const world = await openJudged('rejected');

    const ended = await world.run(prompts(8), WAITS);

    expect(ended.summary).toMatchObject({
      status: 'failed',
      failure: { code: 'PILOT_REJECTED' },
      counts: { ok: 2, exhausted: 6 },
      pilot: { state: 'rejected' },
    });
    expect(paidAnswers(world)).toBe(2);
    expectReconciled(ended);
  });

  test('that was rejected is approved later, and nothing is paid twice', async () => {
    const world = await openJudged('rejected');
    const { jobId } = await world.run(prompts(8), WAITS);

    await world.judge(jobId, 'approved');
    const ended = await world.run(prompts(8));

    expect(ended.summary).toMatchObject({ status: 'succeeded', pilot: { state: 'approved' } });
    expect(paidAnswers(world)).toBe(8);
  });

  test('ends the job when nobody approves or rejects it within half of limits.jobDays', async () => {
    const world = await openWorld({ config: { ...CONFIG, limits: { jobDays: 1 } } });

    const ended = await world.run(prompts(8), WAITS);

    expect(ended.summary).toMatchObject({
      failure: { code: 'PILOT_NOT_APPROVED' },
      counts: { ok: 2, exhausted: 6 },
    });
    expect(ended.summary.failure?.message).toContain('within 12 hours');
    expect(ended.summary.seconds).toBeGreaterThanOrEqual(43_200);
    expect(world.logs.filter(({ event }) => event === 'pilot_judged').length).toBeLessThan(5);
  });

  test('does not wait when too many of its rows are not ok', async () => {
    const world = await openWorld();

    const ended = await world.run(failing(8, 1), { pilot: { rows: 2, maxBad: 0, approve: true } });

    expect(ended.summary.failure?.code).toBe('PILOT_FAILED');
    expect(ended.summary.seconds).toBeLessThan(86_400);
  });

  test('is judged once, and a second decision is refused', async () => {
    const world = await openJudged('approved');
    const { jobId } = await world.run(prompts(8), WAITS);

    await expect(world.judge(jobId, 'rejected')).rejects.toThrow(
      /has been approved, and its other rows are sent/,
    );
    await expect(world.judge(jobId, 'approved')).resolves.toBeUndefined();
  });

  test('no longer waits after the job is cancelled, and waits again after a resume', async () => {
    const world = await openWaiting((waiting, jobId) => waiting.cancel(jobId));
    const { jobId } = await world.run(prompts(8), WAITS).catch(() => world.ended('test-rows-jsonl'));

    const cancelled = await world.ended(jobId);
    await world.judge(jobId, 'approved');
    const ended = await world.ended(jobId);

    expect(cancelled.summary).toMatchObject({
      status: 'cancelled',
      counts: { ok: 2, exhausted: 6 },
      pilot: { state: 'waiting' },
    });
    expectReconciled(cancelled);
    expect(ended.summary).toMatchObject({ status: 'succeeded', pilot: { state: 'approved' } });
    expect(paidAnswers(world)).toBe(8);
    expectReconciled(ended);
  });

  test('no longer waits when the execution times out, and an approval continues the job', async () => {
    const stopped = Promise.withResolvers<string>();
    const world = await openWaiting(async (waiting, jobId) => {
      await waiting.timeOut(jobId);
      stopped.resolve(jobId);
    });
    await world.run(prompts(8), WAITS).catch(() => undefined);
    const jobId = await stopped.promise;

    const timedOut = await world.ended(jobId);
    await world.judge(jobId, 'approved');
    const ended = await world.ended(jobId);

    expect(timedOut.summary).toMatchObject({
      status: 'cancelled',
      failure: { message: expect.stringContaining('ran out of time') as string },
      counts: { ok: 2, exhausted: 6 },
      pilot: { state: 'waiting' },
    });
    expectReconciled(timedOut);
    expect(ended.summary).toMatchObject({ status: 'succeeded', pilot: { state: 'approved' } });
    expect(paidAnswers(world)).toBe(8);
  });

  test('keeps the finished rows if the job is cancelled while its batch runs', async () => {
    let isCancelled = false;
    const world: World = await openWorld({
      wrap: (call) => async (step, event) => {
        const output = await call(step, event);
        if (step === 'poll-batch' && !isCancelled) {
          isCancelled = true;
          await world.cancel((event as { jobId: string }).jobId);
        }
        return output;
      },
    });
    const action = { kind: 'stuck', status: 'in_progress', finished: 0.5 } as const;
    world.simulator.addFaults({ at: 'batch', nth: 1, action });
    const { jobId } = await world
      .run(prompts(12), { pilot: { rows: 4, maxBad: 0.9 } })
      .catch(() => world.ended('test-rows-jsonl'));

    const cancelled = await world.ended(jobId);
    await world.resume(jobId);
    const ended = await world.ended(jobId);

    expect(cancelled.summary).toMatchObject({ status: 'cancelled', counts: { ok: 2, exhausted: 10 } });
    expect(world.simulator.batches().filter(({ end }) => end === undefined)).toEqual([]);
    expectReconciled(cancelled);
    expect(ended.summary).toMatchObject({
      status: 'succeeded',
      counts: { ok: 12 },
      pilot: { state: 'passed' },
    });
    expect(paidAnswers(world)).toBe(12);
    expectReconciled(ended);
  });

  test.each(['approved', 'rejected'] as const)('is not %s in a job without one', async (decision) => {
    const world = await openWorld();
    const { jobId } = await world.run(prompts(2));

    await expect(world.judge(jobId, decision)).rejects.toThrow(
      `Job ${jobId} has no pilot to approve or reject`,
    );
  });
});

test(
  'a job with a pilot has one line per row in order, and pays each request once, with any rows and limits',
  EXHAUSTIVE,
  async () => {
    const rowText = fc.constantFrom('a', 'b', 'c', 'd', `${BAD}e`, `${BAD}f`, ' ');
    await fc.assert(
      fc.asyncProperty(
        fc.array(rowText, { minLength: 1, maxLength: 30 }),
        fc.array(rowText, { maxLength: 8 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom(0, 0.2, 0.5, 0.99),
        async (texts, others, maxRows, rows, maxBad) => {
          const run = async (options: RunOptions): Promise<Ended & { readonly paid: number }> => {
            const world = await openWorld();
            const more = others.length > 0 ? ['input/more.jsonl'] : [];
            await world.store.put(
              'input/more.jsonl',
              prompts(others.length, (n) => others[n] ?? ''),
            );
            const input = prompts(texts.length, (n) => texts[n] ?? '');
            const ended = await world.run(input, { more, shardLimits: { maxRows }, rounds: 1, ...options });
            return { ...ended, paid: paidAnswers(world) };
          };
          const piloted = await run({ pilot: { rows, maxBad } });
          const plain = await run({});
          if (piloted.summary.failure?.code === 'PILOT_FAILED') {
            expectReconciled(piloted);
            expect(piloted.paid).toBeLessThanOrEqual(rows);
            return;
          }
          expect(piloted.summary.status).toBe(plain.summary.status);
          if (plain.summary.status === 'failed') return;
          expect(piloted.results).toEqual(plain.results);
          expect(piloted.deadLetters).toEqual(plain.deadLetters);
          expect(piloted.summary.counts).toEqual(plain.summary.counts);
          expect(piloted.summary.usage).toEqual(plain.summary.usage);
          expect(piloted.paid).toBe(plain.paid);
        },
      ),
      { numRuns: 15 },
    );
  },
);
