/** Longest wait inside one call, in milliseconds. Step Functions makes longer waits at no cost. */
export const MAX_WAIT_MS = 20_000;

/** Above these, a number is a time since 1970 and not a wait. Some providers send one, in seconds or in milliseconds. */
const FIRST_TIME_SECONDS = 1e9;
const FIRST_TIME_MS = 1e11;
/** The latest time that a date can have. */
const LAST_TIME_MS = 8.64e15;

/**
 * The wait that a `Retry-After` header requests, in milliseconds: seconds, an HTTP date, or a time since 1970. `undefined` if it is
 * missing, cannot be read, or is not positive: otherwise a zero or a past date would cause endless calls without a wait.
 */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  const number = Number(header);
  const waitMs = Number.isNaN(number) ? Date.parse(header) - now : waitOf(number, now);
  return waitMs > 0 && waitMs <= LAST_TIME_MS ? waitMs : undefined;
}

function waitOf(number: number, now: number): number {
  if (number > FIRST_TIME_MS) return number - now;
  return number > FIRST_TIME_SECONDS ? number * 1_000 - now : number * 1_000;
}

/** Growing waits of 0.5, 1, 2, … s with 25 % jitter, for the attempts inside one call (counted from 1). */
export function backoffMs(attempt: number, random: number): number {
  return Math.min(8_000, 500 * 2 ** (attempt - 1)) * (1 - 0.25 * random);
}
