import type { Comparison, Report } from './report.ts';

/** A ratio that grows by more than this factor is a regression. */
const TOLERANCE = 1.15;

export interface Regression {
  readonly group: string;
  readonly ours: string;
  readonly against: string;
  readonly before: number;
  readonly now: number;
}

/**
 * Ratios that are worse by more than 15 % and by more than the spread of the two runs. Uses CPU time if both runs have it,
 * because a busy machine changes it far less than wall time. Runs of different sizes are not compared.
 * @throws RangeError when the runs have no workload in common
 */
export function findRegressions(before: Report, now: Report): Regression[] {
  const pairs = pairsOf(before, now);
  if (pairs.length === 0) throw new RangeError('The two runs have no ratio of the same size in common.');
  return pairs.flatMap(({ group, old, fresh }) => {
    const both = old.cpu !== undefined && fresh.cpu !== undefined;
    const [was, is] = both ? [old.cpu, fresh.cpu] : [old.wall, fresh.wall];
    if (was === undefined || is === undefined) return [];
    if (is.median <= was.median * TOLERANCE || is.min <= was.max) return [];
    const { ours, against } = fresh;
    return [{ group, ours, against, before: was.median, now: is.median }];
  });
}

interface Pair {
  readonly group: string;
  readonly old: Comparison;
  readonly fresh: Comparison;
}

function pairsOf(before: Report, now: Report): Pair[] {
  return now.groups.flatMap(({ name, size, comparisons }) => {
    const known = before.groups.find((group) => group.name === name && group.size === size);
    return comparisons.flatMap((fresh) => {
      const old = known?.comparisons.find(
        ({ ours, against }) => ours === fresh.ours && against === fresh.against,
      );
      return old === undefined ? [] : [{ group: name, old, fresh }];
    });
  });
}
