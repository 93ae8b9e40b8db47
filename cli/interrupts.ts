/** How long a second Ctrl-C is waited for, in milliseconds. */
export const SECOND_INTERRUPT_MS = 2_000;

/** Ctrl-C, once and twice. */
export interface Interrupts {
  /** Aborts with the first one. */
  readonly first: AbortSignal;
  /** Whether there is a second one within so many milliseconds from now. */
  second(milliseconds: number): Promise<boolean>;
}

/** Takes Ctrl-C (and SIGTERM) over from Node, which would end the process where it stands. */
export function takeInterrupts(): Interrupts {
  const first = new AbortController();
  const second = Promise.withResolvers<true>();
  const onSignal = (): void => {
    if (first.signal.aborted) second.resolve(true);
    else first.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    first: first.signal,
    second: async (milliseconds) => {
      const { promise, resolve } = Promise.withResolvers<false>();
      const timer = setTimeout(resolve, milliseconds, false);
      const came = await Promise.race([second.promise, promise]);
      clearTimeout(timer);
      return came;
    },
  };
}
