import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { estimateScale } from '../../bench/model/scale-model.ts';
import { DAY, DEFAULTS } from '../../bench/model/scenarios.ts';
import { EVENTS_PER_POLL } from '../../src/steps/history.ts';

describe('the scale model', () => {
  test('has a shard of a day within 150 polls and hardly late', () => {
    const { pollsPerShard, delaySeconds, wallSeconds } = estimateScale(DEFAULTS);

    expect(pollsPerShard).toBeLessThanOrEqual(150);
    expect(delaySeconds).toBeLessThan(DAY / 100);
    expect(wallSeconds).toBeGreaterThan(DAY);
    expect(wallSeconds).toBeLessThan(DAY * 1.01);
  });

  test('has as many waves as the slots at the provider allow', () => {
    const job = { ...DEFAULTS, shards: 1_000, endsAfter: 3_600 };
    const wall = (inFlight: number): number => estimateScale({ ...job, inFlight }).wallSeconds;

    expect(wall(100) / wall(1_000)).toBeGreaterThan(4);
    expect(wall(999)).toBeGreaterThan(wall(1_000) + 3_600);
  });

  test('adds a batch, its polls and the wait before it for each further round', () => {
    const one = estimateScale(DEFAULTS);
    const two = estimateScale({ ...DEFAULTS, rounds: 2 });

    expect(two.pollsPerShard).toBe(2 * one.pollsPerShard);
    expect(two.shardEvents - one.shardEvents).toBeGreaterThan(one.pollsPerShard * EVENTS_PER_POLL);
    expect(two.wallSeconds - one.wallSeconds).toBeGreaterThan(DAY + 60);
  });

  test('adds the costs up, and every shard costs the same', () => {
    const many = estimateScale({ ...DEFAULTS, shards: 1_000 });
    const { total, ...parts } = many.cost;

    expect(Object.values(parts).filter((usd) => usd <= 0)).toEqual([]);
    expect(Object.values(parts).reduce((sum, usd) => sum + usd, 0)).toBeCloseTo(total, 10);
    expect(total).toBe(many.usd);
    expect(many.usd / 1_000).toBeLessThan(estimateScale(DEFAULTS).usd);
  });

  test('never has fewer requests in its busiest minute than on average', () => {
    const scenario = fc.record({
      shards: fc.integer({ min: 1, max: 500 }),
      inFlight: fc.integer({ min: 1, max: 500 }),
      endsAfter: fc.integer({ min: 600, max: DAY }),
    });
    fc.assert(
      fc.property(scenario, (part) => {
        const { mean, peak } = estimateScale({ ...DEFAULTS, ...part }).requestsPerSecond;
        expect(peak).toBeGreaterThanOrEqual(mean);
      }),
      { numRuns: 30 },
    );
  });

  test('names the limits that are exceeded', () => {
    const long = estimateScale({ ...DEFAULTS, shards: 2_000 });
    const large = estimateScale({ ...DEFAULTS, shardBytes: 100_000_000_000 });

    expect(estimateScale(DEFAULTS).problems).toEqual([]);
    expect(long.problems.join()).toContain('limits.jobDays');
    expect(large.problems.join()).toContain('a Lambda ends after 900 s');
  });

  test.each([
    ['Upload file', 26_971_000_000],
    ['Collect results', 13_486_000_000],
  ])('finds that %s does not fit from %i bytes on', (step, bytes) => {
    const problems = (shardBytes: number): string =>
      estimateScale({ ...DEFAULTS, shardBytes }).problems.join();

    expect(problems(bytes)).toContain(`${step} would run for about 901 s`);
    expect(problems(bytes * 0.99)).not.toContain(step);
  });

  test('finds that 1 TB in 20,000 shards, a billion rows, fits', () => {
    const { problems, usd } = estimateScale({
      ...DEFAULTS,
      shards: 20_000,
      shardBytes: 50_000_000,
      inFlight: 10_000,
    });

    expect(problems).toEqual([]);
    expect(usd / 20_000).toBeLessThan(0.03);
  });

  test('estimates a time for writing the results that grows with their bytes', () => {
    const at = (shardBytes: number): number =>
      estimateScale({ ...DEFAULTS, shards: 100, shardBytes }).wallSeconds;
    const perByte = 1 / 30_000_000 + 1 / 60_000_000;

    expect(at(2_000_000) - at(1_000_000)).toBeGreaterThan(100 * 1_000_000 * perByte);
  });
});
