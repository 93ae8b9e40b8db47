/** The distribution of a figure over the repetitions of a run. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * Minimum, median and maximum of values.
 * @throws RangeError when there are no values.
 */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const [min] = sorted;
  const max = sorted.at(-1);
  if (min === undefined || max === undefined) throw new RangeError('There are no values to sum up.');
  const middle = sorted.length / 2;
  const below = sorted[Math.ceil(middle) - 1] ?? min;
  const above = sorted[Math.floor(middle)] ?? max;
  return { median: (below + above) / 2, min, max };
}

/** Ratios of values measured side by side, each pair in one repetition, so that a slowdown of both has no effect. */
export function ratios(ours: readonly number[], theirs: readonly number[]): Spread {
  if (ours.length !== theirs.length) throw new RangeError('Ratios are of pairs.');
  return spread(ours.map((value, n) => value / (theirs[n] ?? Number.NaN)));
}
