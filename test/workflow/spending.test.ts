import { describe, expect, test } from 'vitest';
import { readJobLedger, type Spending } from '../../src/checkpoints/ledger.ts';
import { changeState } from '../../src/checkpoints/state-log.ts';
import { monthPrefix } from '../../src/checkpoints/keys.ts';
import { defineConfig, type NightshiftConfig, type ProfileConfig } from '../../src/config/config.ts';
import type { Fault } from '../../simulator/faults.ts';
import { openWorld, prompts, type Ended, type World, type WorldOptions } from './world.ts';

/** An output token costs one euro, an input token nothing. */
const PRICE = { inputPerMillion: 0, outputPerMillion: 1_000_000, currency: 'EUR' };

/** The simulator counts four characters as one token, so each answer has ten. */
const tenTokens = (count: number): string =>
  prompts(count, (n) => `echo:${String(n).padStart(4, 'w')} ${'word '.repeat(7)}`);

interface Priced {
  readonly world: World;
  /** A test changes it as a person changes the configuration before a resume. */
  readonly profile: { -readonly [Field in keyof ProfileConfig]: ProfileConfig[Field] };
}

async function openPriced(given: ProfileConfig, options: WorldOptions = {}): Promise<Priced> {
  const profile: Priced['profile'] = {
    provider: 'simulator',
    model: 'glm-4.7:batch',
    shardLimits: { maxRows: 2 },
    polling: { minSeconds: 1 },
    retryWaitSeconds: 0,
    price: PRICE,
    ...given,
  };
  const config: NightshiftConfig = defineConfig({
    providers: { simulator: { dialect: 'melious', baseUrl: 'http://127.0.0.1:9/v1' } },
    profiles: { default: profile },
  });
  return { world: await openWorld({ ...options, config }), profile };
}

/** Cost of the provider's answers in euros. */
function billed({ summary }: Ended): number {
  return summary.usage.outputTokens;
}

async function resumed(world: World, jobId: string, input: string): Promise<Ended> {
  const error = await world.resume(jobId);
  return { ...(await world.run(input)), error };
}

describe('a budget in money', () => {
  test('refuses a job by its estimate before anything is sent, and names the missing amount', async () => {
    const { world } = await openPriced({ body: { max_tokens: 10 }, budget: { max: 25, currency: 'EUR' } });

    const { summary, error } = await world.run(tenTokens(6));

    expect(error?.message).toContain('more than the budget of 25.00 EUR');
    expect(summary).toMatchObject({ status: 'failed', failure: { code: 'BUDGET_EXCEEDED' } });
    expect(summary.failure?.message).toContain('about 35.00 EUR are missing. Nothing was sent.');
    expect(world.simulator.createsPerKey().size).toBe(0);
  });

  test('lets a refused job run after it is raised', async () => {
    const { world, profile } = await openPriced({ body: { max_tokens: 10 }, budget: { max: 25 } });
    const { jobId } = await world.run(tenTokens(6));
    profile.budget = { max: 60 };

    const ended = await resumed(world, jobId, tenTokens(6));

    expect(ended.summary).toMatchObject({ status: 'succeeded', counts: { ok: 6 } });
    expect(ended.summary.cost).toEqual({ amount: 60, currency: 'EUR' });
  });

  test('does not start the shard that would exceed it, names the missing amount, and keeps the answers', async () => {
    const { world } = await openPriced({ budget: { max: 75 } });

    const ended = await world.run(tenTokens(10));

    expect(ended.summary).toMatchObject({ status: 'failed', failure: { name: 'BudgetExceeded' } });
    expect(ended.summary.counts).toMatchObject({ ok: 6, exhausted: 4 });
    expect(ended.summary.failure?.message).toContain('60.00 EUR of the budget of 75.00 EUR are spent');
    expect(ended.summary.failure?.message).toContain('About 25.00 EUR are missing.');
    expect(ended.results.filter((line) => !line.ok && line.retry)).toHaveLength(4);
    expect(billed(ended)).toBeLessThanOrEqual(75);
  });

  test('continues where it stopped after it is raised, and pays nothing twice', async () => {
    const { world, profile } = await openPriced({ budget: { max: 75 } });
    const { jobId } = await world.run(tenTokens(10));
    profile.budget = { max: 100 };

    const ended = await resumed(world, jobId, tenTokens(10));

    expect(ended.summary).toMatchObject({ status: 'succeeded', counts: { ok: 10 } });
    expect(billed(ended)).toBe(100);
    expect([...world.simulator.createsPerKey().values()].every((creates) => creates === 1)).toBe(true);
  });

  test('stops a job again that is resumed without a change', async () => {
    const { world } = await openPriced({ budget: { max: 75 } });
    const { jobId } = await world.run(tenTokens(10));

    await world.resume(jobId);

    expect(world.simulator.batches()).toHaveLength(3);
  });

  test('counts the rounds of rows that are sent again', async () => {
    const { world } = await openPriced({ body: { max_tokens: 10 }, budget: { max: 40 }, rounds: 2 });
    world.simulator.addFaults({ at: 'row', ids: ['q0'], action: { kind: 'finish', reason: 'stop' } });
    world.simulator.addFaults({ at: 'row', ids: ['q1'], action: { kind: 'error', code: 'INFERENCE_3107' } });

    const ended = await world.run(tenTokens(4));

    expect(ended.summary).toMatchObject({ status: 'succeeded', rounds: 2 });
    expect(await readJobLedger(world.store, ended.jobId)).toMatchObject({ spent: 40, open: {}, answers: 4 });
  });

  test('applies to rows that are sent directly', async () => {
    const { world } = await openPriced({ small: 'direct', body: { max_tokens: 10 }, budget: { max: 40 } });

    const ended = await world.run(tenTokens(4));

    expect(ended.summary).toMatchObject({ status: 'succeeded', sentDirect: 4 });
    expect(await readJobLedger(world.store, ended.jobId)).toMatchObject({ spent: 40, open: {} });
  });

  test('uses the price of the model that answers', async () => {
    const models = { 'glm-4.7:batch': { inputPerMillion: 0, outputPerMillion: 2_000_000 } };
    const { world } = await openPriced({ price: { ...PRICE, models } });

    const { summary } = await world.run(tenTokens(2));

    expect(summary.cost).toEqual({ amount: 40, currency: 'EUR' });
  });

  test('releases the reservation of a shard whose batch was never created', async () => {
    const { world } = await openPriced({ body: { max_tokens: 10 }, budget: { max: 20 } });
    const denied: Fault = { at: 'create', action: { kind: 'status', status: 402, code: 'BILLING_2003' } };
    world.simulator.addFaults(denied);

    const { jobId, summary } = await world.run(tenTokens(2));

    expect(summary.failure?.name).toBe('ProviderDenied');
    expect(await readJobLedger(world.store, jobId)).toMatchObject({ spent: 0, open: {} });
    expect((await resumed(world, jobId, tenTokens(2))).summary.status).toBe('succeeded');
  });
});

describe('a budget for a month', () => {
  test('is shared by the jobs of a profile', async () => {
    const { world } = await openPriced({ body: { max_tokens: 10 }, budget: { maxPerMonth: 50 } });

    const first = await world.run(tenTokens(4), { name: 'first.jsonl' });
    const second = await world.run(tenTokens(4), { name: 'second.jsonl' });

    expect(first.summary.status).toBe('succeeded');
    expect(second.summary).toMatchObject({ status: 'failed', failure: { name: 'BudgetExceeded' } });
    expect(second.summary.failure?.message).toMatch(/of the budget of 50\.00 EUR for \d{4}-\d\d/);
    expect(billed(first) + billed(second)).toBeLessThanOrEqual(50);
  });

  test('is never exceeded by jobs that run at the same time', async () => {
    const { world } = await openPriced({ body: { max_tokens: 10 }, budget: { maxPerMonth: 90 } });
    const names = ['a.jsonl', 'b.jsonl', 'c.jsonl'];

    const ends = await Promise.all(names.map((name) => world.run(tenTokens(6), { name })));

    const spent = ends.reduce((sum, end) => sum + billed(end), 0);
    expect(spent).toBeGreaterThan(60);
    expect(spent).toBeLessThanOrEqual(90);
    expect(ends.some(({ summary }) => summary.status === 'failed')).toBe(true);
  });

  test('starts again with the next month', async () => {
    const { world } = await openPriced({ body: { max_tokens: 10 }, budget: { maxPerMonth: 25 } });
    const long = { spent: 1_000, open: {} };
    await changeState<Spending>(world.store, {
      prefix: monthPrefix('default', '2001-01', 'EUR'),
      change: () => long,
    });

    expect((await world.run(tenTokens(2))).summary.status).toBe('succeeded');
  });
});

test('a budget for a month does not count money in another currency', async () => {
  const { world, profile } = await openPriced({ body: { max_tokens: 10 }, budget: { maxPerMonth: 50 } });
  await world.run(tenTokens(4), { name: 'euros.jsonl' });
  profile.price = { ...PRICE, currency: 'USD' };

  const dollars = await world.run(tenTokens(4), { name: 'dollars.jsonl' });
  const more = await world.run(tenTokens(4), { name: 'more.jsonl' });

  expect(dollars.summary).toMatchObject({ status: 'succeeded', cost: { amount: 40, currency: 'USD' } });
  expect(more.summary.failure?.message).toMatch(/40\.00 USD of the budget of 50\.00 USD for \d{4}-\d\d/);
});

describe('a budget of a job with a ladder', () => {
  const GONE: Fault = {
    at: 'row',
    ids: ['q0'],
    action: { kind: 'error', code: 'NO_SUCH_THING', status: 400 },
  };
  const dear = { ...PRICE, outputPerMillion: 3_000_000 };

  test.each<[string, NonNullable<ProfileConfig['then']>[number], number]>([
    ['of another model at its own price', { model: 'big', price: dear }, 60],
    ['that is sent directly', { direct: true }, 40],
    ['that is sent directly at its own price', { direct: true, price: dear }, 60],
  ])('counts a step %s', async (_what, step, cost) => {
    const options = { shardLimits: { maxRows: 4 }, rounds: 1, then: [step], body: { max_tokens: 10 } };
    const { world } = await openPriced({ ...options, budget: { max: 60 } }, { faults: [GONE] });

    const ended = await world.run(tenTokens(4));

    expect(ended.summary).toMatchObject({
      status: 'succeeded',
      cost: { amount: cost, currency: 'EUR' },
      steps: [{ cost: { amount: 30 } }, { cost: { amount: cost - 30 } }],
    });
    expect(await readJobLedger(world.store, ended.jobId)).toMatchObject({ spent: cost, open: {} });
  });

  test.each<[string, NonNullable<ProfileConfig['then']>[number]]>([
    ['of another model', { model: 'big', price: dear }],
    ['that is sent directly', { direct: true, price: dear }],
  ])('does not start a step %s for which too little is left', async (_what, step) => {
    const options = { shardLimits: { maxRows: 4 }, rounds: 1, then: [step], body: { max_tokens: 10 } };
    const { world } = await openPriced({ ...options, budget: { max: 59 } }, { faults: [GONE] });

    const ended = await world.run(tenTokens(4));

    expect(ended.summary).toMatchObject({
      status: 'failed',
      failure: { code: 'BUDGET_EXCEEDED' },
      counts: { ok: 3, exhausted: 1 },
      cost: { amount: 30 },
    });
    expect(ended.summary.failure?.message).toContain('About 1.00 EUR are missing');
  });
});

test('a budget does not count rows whose answers are reused', async () => {
  const { world } = await openPriced({
    body: { max_tokens: 10 },
    reuse: { days: 30 },
    budget: { max: 25, maxPerMonth: 35 },
  });
  await world.run(tenTokens(2), { name: 'first.jsonl' });

  const { jobId, summary } = await world.run(tenTokens(3), { name: 'second.jsonl' });

  expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 3 }, reused: { rows: 2 } });
  expect(await readJobLedger(world.store, jobId)).toMatchObject({ spent: 10, open: {} });
});

describe('too many bad rows', () => {
  const action = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;
  const BROKEN: Fault = { at: 'row', every: 1, times: 'always', action };

  test('cost one shard: the others are not started, and the job reports the number of bad rows', async () => {
    const { world } = await openPriced({ maxBad: 0.05 }, { faults: [BROKEN] });

    const { summary, results } = await world.run(prompts(16));

    expect(summary).toMatchObject({ status: 'failed', failure: { code: 'TOO_MANY_BAD_ROWS' } });
    expect(summary.failure?.message).toContain('2 of the 2 rows of the last shard');
    expect(summary.counts).toMatchObject({ failed: 2, exhausted: 14 });
    expect(world.simulator.createsPerKey().size).toBe(1);
    expect(results).toHaveLength(16);
  });

  test('are counted before the rows are sent again', async () => {
    const { world } = await openPriced({ maxBad: 0.2, shardLimits: { maxRows: 4 } });
    world.simulator.addFaults({ at: 'row', ids: ['q0', 'q1'], times: 'always', action });
    world.simulator.addFaults({ at: 'row', ids: ['q2'], action: { kind: 'error', code: 'INFERENCE_3107' } });

    const { summary, results } = await world.run(prompts(8));

    // The order of the two shards is open.
    expect(summary).toMatchObject({ failure: { code: 'TOO_MANY_BAD_ROWS' }, counts: { failed: 2 } });
    expect(results[2]).toMatchObject({ ok: false, outcome: 'exhausted', round: 1 });
  });

  test('stop nothing while they are within the limit', async () => {
    const { world } = await openPriced({ maxBad: 0.5 });
    world.simulator.addFaults({ at: 'row', ids: ['q0', 'q4', 'q7'], times: 'always', action });

    const { summary } = await world.run(prompts(8));

    expect(summary).toMatchObject({ status: 'partial', counts: { ok: 5, failed: 3 } });
  });

  test('in the last shards do not stop a job, because every row has a result', async () => {
    const { world } = await openPriced({ maxBad: 0.05 }, { faults: [BROKEN] });

    const { summary } = await world.run(prompts(2));

    expect(summary).toMatchObject({ status: 'partial', counts: { failed: 2 } });
  });

  test('after a resume let one more shard run, and stop the job again', async () => {
    const { world } = await openPriced({ maxBad: 0.05 }, { faults: [BROKEN] });
    const { jobId } = await world.run(prompts(8));

    await world.resume(jobId);

    expect(world.simulator.createsPerKey().size).toBe(2);
  });

  test('may be more after the limit is raised', async () => {
    const { world, profile } = await openPriced({ maxBad: 0.05 }, { faults: [BROKEN] });
    const { jobId } = await world.run(prompts(6));
    profile.maxBad = undefined;

    expect((await resumed(world, jobId, prompts(6))).summary).toMatchObject({
      status: 'partial',
      counts: { failed: 6 },
    });
  });
});
