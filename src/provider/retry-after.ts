/** Longest wait inside one call, in milliseconds; longer ones are Step Functions' to wait, at no cost. */
export const MAX_WAIT_MS = 20_000;

/**
 * How long a `Retry-After` header asks to wait, in milliseconds: seconds or an HTTP date.
 * `undefined` when there is none, when it cannot be read, and when its time has passed: a caller that took zero, a negative number or
 * a date of the past at its word would call again at once, without end.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  const seconds = Number(header);
  const waitMs = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(header) - now;
  return waitMs > 0 ? waitMs : undefined;
}

/** Growing waits of 0.5, 1, 2, … s with 25 % jitter, for the attempts inside one call (counted from 1). */
export function backoffMs(attempt: number, random: number): number {
  return Math.min(8_000, 500 * 2 ** (attempt - 1)) * (1 - 0.25 * random);
}
