/** One run of one process. */
export interface Sample {
  readonly wallSeconds: number;
  /** User and system time. */
  readonly cpuSeconds: number;
  /** Peak resident memory; only of processes that tell it themselves. */
  readonly rssMb?: number;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const at = (n: number): number => sorted[n] ?? Number.NaN;
  const median = sorted.length % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
  return { median, min: at(0), max: at(sorted.length - 1) };
}

/** How often a competitor's median goes into ours; the machine's speed is in neither. */
export function ratio(ours: readonly number[], theirs: readonly number[]): number {
  return spread(ours).median / spread(theirs).median;
}
