/** Calls that are on their way at the same time. The first failure is kept until somebody asks for it. */
export class InFlight {
  readonly #calls = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  get size(): number {
    return this.#calls.size;
  }

  start(call: () => Promise<void>): void {
    const pending = call()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#calls.delete(pending));
    this.#calls.add(pending);
  }

  /** Waits until one of the calls has ended. */
  async next(): Promise<void> {
    await Promise.race(this.#calls);
  }

  /** Waits until all calls have ended, failed ones too. */
  async settle(): Promise<void> {
    await Promise.all(this.#calls);
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** @throws what the first call that failed has thrown */
  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
