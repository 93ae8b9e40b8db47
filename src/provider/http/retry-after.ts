/** Longest wait inside one call, in milliseconds. Step Functions makes longer waits at no cost. */
export const MAX_WAIT_MS = 20_000;

/**
 * The wait that a `Retry-After` header (seconds or an HTTP date) requests, in milliseconds. `undefined` if it is missing, cannot be
 * read, or is not positive: otherwise a zero or a past date would cause endless calls without a wait.
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
