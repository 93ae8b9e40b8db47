/** Most names that are counted separately, so that a checkpoint stays small whatever a provider returns. */
const MAX_NAMES = 20;

/** Longest name in characters. */
const MAX_NAME_LENGTH = 100;

/** Sums by name: the first 20 names apart, everything else together, under no name. */
export class Tally<Sum> {
  readonly #sums = new Map<string | undefined, Sum>();
  readonly #plus: (a: Sum, b: Sum) => Sum;

  constructor(plus: (a: Sum, b: Sum) => Sum) {
    this.#plus = plus;
  }

  add(name: string | undefined, sum: Sum): void {
    const short = name?.slice(0, MAX_NAME_LENGTH);
    const isKnown = this.#sums.has(short) || this.#sums.size < MAX_NAMES;
    const told = isKnown ? short : undefined;
    const before = this.#sums.get(told);
    this.#sums.set(told, before === undefined ? sum : this.#plus(before, sum));
  }

  /** In the order in which the names came. */
  entries(): [name: string | undefined, sum: Sum][] {
    return [...this.#sums];
  }
}
