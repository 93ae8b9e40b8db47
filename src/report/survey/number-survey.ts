/** Summarizes any number of numbers in constant memory. */
export interface Numbers {
  readonly count: number;
  readonly least: number;
  readonly mean: number;
  readonly median: number;
  readonly most: number;
  /** Equal parts of the range, each with its end and its share of the numbers; a single part if all are equal. */
  readonly bins: readonly { readonly upTo: number; readonly share: number }[];
}

/** Most numbers to keep; beyond it, every other number is dropped, then three of four, … */
const KEPT = 8_192;

const BINS = 8;

/** Adds numbers one by one. The same numbers in the same order give the same result. */
export class NumberSurvey {
  #count = 0;
  #sum = 0;
  #least = Infinity;
  #most = -Infinity;
  #kept: number[] = [];
  #stride = 1;

  add(number: number): void {
    if (!Number.isFinite(number)) return;
    const value = number + 0; // turns -0 into 0
    if (this.#count % this.#stride === 0) this.#keep(value);
    this.#count += 1;
    this.#sum += value;
    this.#least = Math.min(this.#least, value);
    this.#most = Math.max(this.#most, value);
  }

  #keep(value: number): void {
    this.#kept.push(value);
    if (this.#kept.length < KEPT) return;
    this.#kept = this.#kept.filter((_, n) => n % 2 === 0);
    this.#stride *= 2;
  }

  /**
   * The statistics of the numbers so far.
   * @returns undefined when there were no numbers
   */
  result(): Numbers | undefined {
    if (this.#count === 0) return undefined;
    const sorted = this.#kept.toSorted((a, b) => a - b);
    const [least, most] = [this.#least, this.#most];
    return {
      count: this.#count,
      least,
      mean: Number.isFinite(this.#sum) ? this.#sum / this.#count : meanOf(sorted, least, most),
      median: sorted[Math.floor((sorted.length - 1) / 2)] ?? least,
      most,
      bins: binsOf(sorted, least, most),
    };
  }
}

/** The mean of numbers whose sum overflows a double, estimated from the kept numbers like the median. */
function meanOf(kept: readonly number[], least: number, most: number): number {
  const mean = kept.reduce((sum, value) => sum + value / kept.length, 0);
  return Math.min(most, Math.max(least, mean));
}

function binsOf(sorted: readonly number[], least: number, most: number): Numbers['bins'] {
  if (least === most) return [{ upTo: most, share: 1 }];
  const counts = Array.from({ length: BINS }, () => 0);
  for (const value of sorted) {
    const bin = Math.min(BINS - 1, Math.floor(partOf(value, least, most) * BINS));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts.map((n, bin) => ({
    upTo: bin === BINS - 1 ? most : between(least, most, (bin + 1) / BINS),
    share: n / sorted.length,
  }));
}

/** Relative position of a value in its range, from 0 to 1, also for ranges that overflow or are extremely narrow. */
function partOf(value: number, least: number, most: number): number {
  const range = most - least;
  return Number.isFinite(range) ? (value - least) / range : (value / 2 - least / 2) / (most / 2 - least / 2);
}

function between(least: number, most: number, part: number): number {
  return least * (1 - part) + most * part;
}
