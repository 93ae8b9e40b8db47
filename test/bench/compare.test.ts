import { describe, expect, test } from 'vitest';
import { findRegressions } from '../../bench/compare.ts';
import type { Report } from '../../bench/report.ts';
import type { Spread } from '../../bench/stats.ts';

const MACHINE: Report['machine'] = {
  os: 'linux',
  cpus: '2 x c',
  memoryGb: 8,
  node: 'v24',
  python: undefined,
  curl: undefined,
  packages: {},
  commit: 'c',
  date: '2026-11-01T00:00:00.000Z',
};

interface Ratio {
  readonly wall: Spread;
  readonly cpu?: Spread;
  readonly size?: string;
}

/** A report with one group and one ratio. */
function report({ wall, cpu, size = '1 row' }: Ratio): Report {
  const comparison = { ours: 'nightshift', against: 'cat', wall, cpu };
  const group = { name: 'build', title: 'Build', size, contestants: [], verdicts: [], notes: [] };
  return {
    machine: MACHINE,
    full: false,
    repetitions: 3,
    seconds: 1,
    groups: [{ ...group, comparisons: [comparison] }],
  };
}

const at = (median: number, around = 0.05): Spread => ({
  median,
  min: median * (1 - around),
  max: median * (1 + around),
});

describe('a ratio', () => {
  test.each([
    ['as before', at(10), at(10), 0],
    ['better', at(10), at(5), 0],
    ['worse by less than 15 %', at(10, 0), at(11.4, 0), 0],
    ['worse by more than 15 %', at(10), at(12), 1],
    ['worse by more than 15 %, but within the spread of before', at(10, 0.3), at(12, 0.05), 0],
    ['worse by more than 15 %, but within its own spread', at(10, 0.01), at(12, 0.2), 0],
  ])('that is %s', (_, before, now, regressions) => {
    expect(findRegressions(report({ wall: before }), report({ wall: now }))).toHaveLength(regressions);
  });

  test('is judged by CPU time where both runs have it', () => {
    const before = report({ wall: at(10), cpu: at(10) });

    expect(findRegressions(before, report({ wall: at(20), cpu: at(10) }))).toEqual([]);
    expect(findRegressions(before, report({ wall: at(10), cpu: at(20) }))).toEqual([
      { group: 'build', ours: 'nightshift', against: 'cat', before: 10, now: 20 },
    ]);
    expect(findRegressions(before, report({ wall: at(20) }))).toHaveLength(1);
  });

  test('of another size is not compared, and nothing to compare is an error', () => {
    expect(() => findRegressions(report({ wall: at(1) }), report({ wall: at(9), size: '2 rows' }))).toThrow(
      'no ratio of the same size',
    );
  });
});
