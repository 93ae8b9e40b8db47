/** Most names that are counted separately, so that a checkpoint stays small whatever names a provider returns. */
const MAX_NAMES = 20;

/** Longest name in characters. */
const MAX_NAME_LENGTH = 100;

/** Sums by name: separately for the first 20 names, together and without a name for all others. */
export class Tally<Sum> {
  readonly #sums = new Map<string | undefined, Sum>();
  readonly #plus: (a: Sum, b: Sum) => Sum;

  constructor(plus: (a: Sum, b: Sum) => Sum) {
    this.#plus = plus;
  }

  add(name: string | undefined, sum: Sum): void {
    const key = this.#nameOf(name);
    const before = this.#sums.get(key);
    this.#sums.set(key, before === undefined ? sum : this.#plus(before, sum));
  }

  /** The sum of a name so far, to which the caller may add in place. */
  sumOf(name: string | undefined, create: () => Sum): Sum {
    const key = this.#nameOf(name);
    const known = this.#sums.get(key);
    if (known !== undefined) return known;
    const sum = create();
    this.#sums.set(key, sum);
    return sum;
  }

  #nameOf(name: string | undefined): string | undefined {
    const short = name?.slice(0, MAX_NAME_LENGTH);
    return this.#sums.has(short) || this.#sums.size < MAX_NAMES ? short : undefined;
  }

  /** The sums, in the order in which their names first occurred. */
  entries(): [name: string | undefined, sum: Sum][] {
    return [...this.#sums];
  }
}
