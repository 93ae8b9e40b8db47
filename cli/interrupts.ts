/** How long a second Ctrl-C is waited for, in milliseconds. */
export const SECOND_INTERRUPT_MS = 2_000;

/** Ctrl-C, once and twice. */
export interface Interrupts {
  /** Aborts with the first one. */
  readonly first: AbortSignal;
  /** Whether there is a second one within so many milliseconds from now. */
  second(milliseconds: number): Promise<boolean>;
}

let early: (() => void) | undefined;

/** Answers Ctrl-C while a command is still being loaded: nothing was sent, and nothing will be. */
export function answerInterrupts(status: number): void {
  early = () => {
    process.stderr.write('Interrupted. Nothing was sent.\n');
    process.exit(status);
  };
  process.on('SIGINT', early).on('SIGTERM', early);
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
  // Only now: without any listener, Node forgets a signal that has come and was not handled yet.
  if (early !== undefined) process.off('SIGINT', early).off('SIGTERM', early);
  return {
    first: first.signal,
    second: async (milliseconds) => {
      const { promise, resolve } = Promise.withResolvers<false>();
      // One that came while this process had no time to look counts: signals are handled after timers.
      const timer = setTimeout(() => setImmediate(resolve, false), milliseconds);
      const came = await Promise.race([second.promise, promise]);
      clearTimeout(timer);
      return came;
    },
  };
}
