/** Duration of batches from create to collect, in seconds. */
export interface Latency {
  readonly batches: number;
  readonly shortest: number;
  readonly median: number;
  /** Nine of ten batches took at most this long. */
  readonly ninth: number;
  readonly longest: number;
  /** Equal parts of the range from 0, each with its end and its number of batches. */
  readonly bins: readonly { readonly upTo: number; readonly batches: number }[];
}

const WIDTHS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
];
const MAX_BINS = 12;

/**
 * Measures how long batches took: quantiles and a histogram, in seconds.
 * @returns undefined when no batch has ended
 */
export function measureLatency(seconds: readonly number[]): Latency | undefined {
  const sorted = seconds.toSorted((a, b) => a - b);
  const longest = sorted.at(-1);
  if (longest === undefined) return undefined;
  const at = (part: number): number => sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? 0;
  return {
    batches: sorted.length,
    shortest: sorted[0] ?? 0,
    median: at(0.5),
    ninth: at(0.9),
    longest,
    bins: binsOf(sorted, longest),
  };
}

function binsOf(seconds: readonly number[], longest: number): Latency['bins'] {
  const days = Math.ceil(longest / MAX_BINS / 86_400) * 86_400;
  const width = WIDTHS.find((each) => longest / each < MAX_BINS) ?? Math.max(86_400, days);
  const bins = Array.from({ length: Math.max(1, Math.ceil(longest / width)) }, () => 0);
  for (const each of seconds) {
    const bin = Math.max(0, Math.ceil(each / width) - 1);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  return bins.map((batches, n) => ({ upTo: (n + 1) * width, batches }));
}
