/** Time to wait for a second Ctrl-C, in milliseconds. */
export const SECOND_INTERRUPT_MS = 2_000;

/** First and second Ctrl-C. */
export interface Interrupts {
  /** Aborts on the first Ctrl-C. */
  readonly first: AbortSignal;
  /** True if a second Ctrl-C comes within this many milliseconds from now. */
  second(milliseconds: number): Promise<boolean>;
}

let early: (() => void) | undefined;

/** Handles Ctrl-C while a command is still loading: nothing was sent, so it exits. */
export function answerInterrupts(status: number): void {
  early = () => {
    process.stderr.write('Interrupted. Nothing was sent.\n');
    process.exit(status);
  };
  process.on('SIGINT', early).on('SIGTERM', early);
}

/** Replaces Node's handling of Ctrl-C and SIGTERM, which would end the process immediately. */
export function takeInterrupts(): Interrupts {
  const first = new AbortController();
  const second = Promise.withResolvers<true>();
  const onSignal = (): void => {
    if (first.signal.aborted) second.resolve(true);
    else first.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  // Removed only after the new listener is added. If there is no listener, Node drops a signal that is not handled yet.
  if (early !== undefined) process.off('SIGINT', early).off('SIGTERM', early);
  return {
    first: first.signal,
    second: async (milliseconds) => {
      const { promise, resolve } = Promise.withResolvers<false>();
      // Waits for one more turn of the event loop, because signals are handled after timers: a Ctrl-C that came while the
      // process was busy still counts.
      const timer = setTimeout(() => setImmediate(resolve, false), milliseconds);
      const came = await Promise.race([second.promise, promise]);
      clearTimeout(timer);
      return came;
    },
  };
}
