/** Calls in flight at the same time. Keeps the first failure until it is read. */
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

  /** Waits until one of the calls ends. */
  async next(): Promise<void> {
    await Promise.race(this.#calls);
  }

  /** Waits until all calls have ended, including failed ones. */
  async settle(): Promise<void> {
    await Promise.all(this.#calls);
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /**
   * Throws if a call has failed.
   * @throws the error of the first call that failed
   */
  throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
