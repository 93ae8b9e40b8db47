import { ProviderThrottled, ProviderUnavailable } from '../../errors.ts';
import type { Call } from './call.ts';
import { asProviderError, retryAfterOf } from './call-errors.ts';
import { MIN_BYTES_PER_MS, type HttpOptions, type Timeouts } from './http-options.ts';
import { backoffMs, MAX_WAIT_MS } from './retry-after.ts';

/** Attempts inside one step; Step Functions' Retry makes the long waits between attempts of a step. */
const MAX_ATTEMPTS = 3;

interface RepeatOptions extends Pick<HttpOptions, 'timeouts' | 'wait' | 'random'> {
  /** True if no caller waits for the call any more. */
  readonly isGivenUp: () => boolean;
}

/**
 * Makes a call, and repeats it after transient failures, if it may be repeated and its total time has not passed.
 * @param once makes one attempt within this number of milliseconds
 * @throws a `Provider*` error: the last attempt's
 */
export async function repeatCall<T>(
  call: Call,
  once: (leftMs: number) => Promise<T>,
  options: RepeatOptions,
): Promise<T> {
  const endsAt = performance.now() + totalMs(call, options.timeouts);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(Math.max(1, endsAt - performance.now()));
    } catch (error) {
      const failure = asProviderError(call, error);
      const waitMs = waitBeforeRepeat(call, failure, attempt, options);
      if (waitMs === undefined || performance.now() + waitMs >= endsAt) throw failure;
      await options.wait(waitMs);
    }
  }
}

/** Milliseconds before the next attempt; undefined if the call is not repeated. */
function waitBeforeRepeat(
  call: Call,
  error: Error,
  attempt: number,
  { isGivenUp, random }: RepeatOptions,
): number | undefined {
  const isTransient = error instanceof ProviderUnavailable || error instanceof ProviderThrottled;
  if (!call.repeatable || !isTransient || attempt >= MAX_ATTEMPTS || isGivenUp()) return undefined;
  const asked = retryAfterOf(error) ?? backoffMs(attempt, random());
  return asked > MAX_WAIT_MS ? undefined : asked;
}

/** Total time of a call, which grows with the bytes that it sends. */
function totalMs({ headers }: Call, { total }: Timeouts): number {
  const bytes = Number(headers?.['content-length'] ?? 0);
  return total + (Number.isFinite(bytes) ? bytes / MIN_BYTES_PER_MS : 0);
}
