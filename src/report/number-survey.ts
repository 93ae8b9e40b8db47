/** What numbers are, over however many of them. */
export interface Numbers {
  readonly count: number;
  readonly least: number;
  readonly mean: number;
  readonly median: number;
  readonly most: number;
  /** Equal parts of the range, each with its end and its share of the numbers; one part when all are equal. */
  readonly bins: readonly { readonly upTo: number; readonly share: number }[];
}

/** Numbers that are kept; beyond it every other one is dropped, then three of four, … */
const KEPT = 8_192;

const BINS = 8;

/** Adds up numbers one by one. The same numbers in the same order come to the same. */
export class NumberSurvey {
  #count = 0;
  #sum = 0;
  #least = Infinity;
  #most = -Infinity;
  #kept: number[] = [];
  #stride = 1;

  add(value: number): void {
    if (!Number.isFinite(value)) return;
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

  /** @returns undefined when there was no number */
  result(): Numbers | undefined {
    if (this.#count === 0) return undefined;
    const sorted = this.#kept.toSorted((a, b) => a - b);
    const [least, most] = [this.#least, this.#most];
    return {
      count: this.#count,
      least,
      mean: this.#sum / this.#count,
      median: sorted[Math.floor((sorted.length - 1) / 2)] ?? least,
      most,
      bins: binsOf(sorted, least, most),
    };
  }
}

function binsOf(sorted: readonly number[], least: number, most: number): Numbers['bins'] {
  if (least === most) return [{ upTo: most, share: 1 }];
  const width = (most - least) / BINS;
  const counts = Array.from({ length: BINS }, () => 0);
  for (const value of sorted) {
    const bin = Math.min(BINS - 1, Math.floor((value - least) / width));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts.map((n, bin) => ({
    upTo: bin === BINS - 1 ? most : least + (bin + 1) * width,
    share: n / sorted.length,
  }));
}
