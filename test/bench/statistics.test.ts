import { describe, expect, test } from 'vitest';
import { judge, OURS, regressions, type Measured } from '../../bench/report.ts';
import { ratio, spread } from '../../bench/statistics.ts';

const walls = (...seconds: number[]) =>
  seconds.map((wallSeconds) => ({ wallSeconds, cpuSeconds: wallSeconds, rssMb: 100 }));

function measured(ours: number[], cat: number[]): Measured {
  return {
    name: 'build',
    what: 'rows',
    targets: [
      { kind: 'at most', times: 10, of: 'cat' },
      { kind: 'faster', times: 5, than: "the guide's Python" },
      { kind: 'memory', mb: 99 },
    ],
    samples: { [OURS]: walls(...ours), cat: walls(...cat) },
  };
}

describe('figures', () => {
  test('are medians with their extremes', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(spread([4, 1, 2, 3]).median).toBe(2.5);
    expect(ratio([2, 2, 8], [1, 1, 1])).toBe(2);
  });

  test('are judged by the targets that somebody was there to be compared with', () => {
    expect(judge(measured([2, 3, 4], [1, 1, 1]))).toEqual([
      '3.0 x cat of at most 10: met',
      '100 MB of at most 99 MB: missed',
    ]);
  });
});

describe('a later run', () => {
  test('is worse when its ratio is, whatever the machine', () => {
    const before = [measured([1, 1, 1], [1, 1, 1])];

    expect(regressions(before, [measured([5, 5, 5], [5, 5, 5])])).toEqual([]);
    expect(regressions(before, [measured([1.4, 1.4, 1.4], [1, 1, 1])])).toEqual([
      'build: 1.40 x cat, it was 1.00.',
    ]);
  });

  test('is not worse by what its runs differ among themselves', () => {
    expect(regressions([measured([1, 1, 1], [1, 1, 1])], [measured([1, 1.3, 2], [1, 1, 1])])).toEqual([]);
  });
});
