/** The fields of a Retry that determine the next attempt, with Step Functions' defaults. */
interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds?: number;
  readonly BackoffRate?: number;
  readonly MaxAttempts?: number;
  readonly MaxDelaySeconds?: number;
}

/** The next attempt after a failed one. */
export interface NextAttempt {
  /** Number of the failed attempt, from 1. */
  readonly attempt: number;
  /** Highest possible number of attempts. */
  readonly attempts: number;
  /** Most seconds until the next attempt; jitter shortens the wait. */
  readonly withinSeconds: number;
}

/** Counts the attempts of one execution's states, which run in sequence. */
export class Attempts {
  readonly #states: Readonly<Record<string, { readonly Retry?: readonly Retrier[] }>>;
  /** Failures per retrier, by state. */
  readonly #failures = new Map<string, number[]>();

  /** @param states the states of the machine's definition */
  constructor(states: Readonly<Record<string, unknown>>) {
    this.#states = states as Readonly<Record<string, { readonly Retry?: readonly Retrier[] }>>;
  }

  /**
   * Counts a failed attempt of a state, and describes its next attempt.
   * @returns undefined if the state will not be retried
   */
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

  /** Called when a state was left: its next visit counts from 1 again. */
  left(state: string): void {
    this.#failures.delete(state);
  }
}
