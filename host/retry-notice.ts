/** The parts of a Retry of a state that say when the next attempt is; Step Functions' defaults where one is absent. */
interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly BackoffRate?: number;
  readonly MaxAttempts?: number;
  readonly MaxDelaySeconds?: number;
}

/** What comes after a failed attempt. */
export interface NextAttempt {
  /** The one that failed, from 1. */
  readonly attempt: number;
  /** All that there may be. */
  readonly attempts: number;
  /** The next one is within so many seconds; jitter makes it sooner. */
  readonly withinSeconds: number;
}

/** Counts the attempts of the states of one execution, which run one after the other. */
export class Attempts {
  readonly #states: Readonly<Record<string, { readonly Retry?: readonly Retrier[] }>>;
  /** Failures of each retrier, by state. */
  readonly #failures = new Map<string, number[]>();

  /** @param states of the machine's definition */
  constructor(states: Readonly<Record<string, unknown>>) {
    this.#states = states as Readonly<Record<string, { readonly Retry?: readonly Retrier[] }>>;
  }

  /** @returns undefined when the state is not tried again */
  failed(state: string, error: string): NextAttempt | undefined {
    const retriers = this.#states[state]?.Retry ?? [];
    const index = retriers.findIndex(({ ErrorEquals: names }) =>
      names.some((name) => name === error || name === 'States.ALL' || name === 'States.TaskFailed'),
    );
    const retrier = retriers[index];
    if (retrier === undefined) return undefined;
    const failures = this.#failures.get(state) ?? [];
    const before = failures[index] ?? 0;
    const { IntervalSeconds: interval = 1, BackoffRate: rate = 2, MaxAttempts: most = 3 } = retrier;
    if (before >= most) return undefined;
    failures[index] = before + 1;
    this.#failures.set(state, failures);
    const wait = Math.min(interval * rate ** before, retrier.MaxDelaySeconds ?? Infinity);
    return { attempt: before + 1, attempts: most + 1, withinSeconds: Math.ceil(wait) };
  }

  /** The state was left: its next visit begins anew. */
  left(state: string): void {
    this.#failures.delete(state);
  }
}
