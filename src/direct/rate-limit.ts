import { parseRetryAfter } from '../provider/http/retry-after.ts';

/** How fast realtime calls may be made, computed from the earlier answers. Times are milliseconds since 1970. */
export interface RateLimit {
  /** Most calls in flight at once. */
  readonly concurrency: number;
  /** Calls that the provider accepts until `resetAt`. */
  readonly remaining: number;
  readonly resetAt: number;
  /** No call is made before this time. */
  readonly pausedUntil: number;
  /** Number of consecutive rejections. */
  readonly failures: number;
}

/** The facts of an answer that change the rate. */
export interface Paced {
  /**
   * The provider could not accept the call: 429, 5xx or no answer. `most`: it accepts some calls, so fewer are made at once.
   * `all`: it accepts none, so all calls pause.
   */
  readonly rejected: false | 'most' | 'all';
  /**
   * The answer names no limit (5xx), or there is no answer. The rows themselves may be the cause, so the pauses grow slowly.
   */
  readonly isFailure?: boolean;
  /** Headers of the answer, by name in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Starts with one call, so that an overloaded provider or a denied account costs only one. */
export const FIRST_CALL: RateLimit = {
  concurrency: 1,
  remaining: Infinity,
  resetAt: 0,
  pausedUntil: 0,
  failures: 0,
};

export const MAX_CONCURRENCY = 16;

/** Wait after a rejection that names no time; doubles with each further one. */
const FIRST_BACKOFF_MS = 500;
const MAX_BACKOFF_MS = 60_000;

/**
 * Number of consecutive failures without a named limit after which the pause doubles. Twenty failures pause for less than two
 * minutes in all.
 */
const FAILURES_PER_DOUBLING = 4;

/**
 * Longest pause after failures. It fits into a pass, so that rows that fail repeatedly reach their last attempt in that pass.
 */
const MAX_FAILURE_BACKOFF_MS = 8_000;

/** Milliseconds until the reset, if a provider says that nothing remains but names no time. */
const UNTOLD_RESET_MS = 1_000;

/** Number of calls that may start now. */
export function mayStart(rate: RateLimit, inFlight: number, now: number): number {
  if (now < rate.pausedUntil) return 0;
  const remaining = now < rate.resetAt ? rate.remaining : Infinity;
  return Math.max(0, Math.min(rate.concurrency - inFlight, remaining));
}

/** Milliseconds until a call may start when none is in flight; 0 if it may start now. */
export function waitBeforeCall(rate: RateLimit, now: number): number {
  const usedUp = rate.remaining <= 0 ? rate.resetAt : 0;
  return Math.max(0, rate.pausedUntil - now, usedUp - now);
}

export function afterStart(rate: RateLimit): RateLimit {
  return { ...rate, remaining: Math.max(0, rate.remaining - 1) };
}

/**
 * Adapts the rate to an answer.
 * @param inFlight calls without an answer yet, which the provider may not have counted
 * @param random in [0, 1), so that shards that were rejected together do not retry together
 */
export function afterAnswer(
  rate: RateLimit,
  { rejected, headers, isFailure = false }: Paced,
  { inFlight, now, random }: { readonly inFlight: number; readonly now: number; readonly random: number },
): RateLimit {
  const current = { ...rate, ...budgetOf(headers, inFlight, now) };
  if (rejected === false)
    return { ...current, concurrency: Math.min(MAX_CONCURRENCY, rate.concurrency + 1), failures: 0 };
  const slower = { ...current, concurrency: Math.max(1, Math.floor(rate.concurrency / 2)) };
  if (rejected === 'most') return slower;
  const failures = rate.failures + 1;
  const doublings = (failures - 1) / (isFailure ? FAILURES_PER_DOUBLING : 1);
  const longest = isFailure ? MAX_FAILURE_BACKOFF_MS : MAX_BACKOFF_MS;
  const backoff = Math.min(longest, FIRST_BACKOFF_MS * 2 ** Math.min(doublings, 20));
  const wait = parseRetryAfter(headers['retry-after'], now) ?? Math.ceil(backoff * (1 - 0.25 * random));
  return { ...slower, pausedUntil: Math.max(rate.pausedUntil, now + wait), failures };
}

/** The rate limit after a rejection that concerns only its row. The headers of the answer still report the common budget. */
export function afterOwnRejection(
  rate: RateLimit,
  headers: Paced['headers'],
  { inFlight, now }: { readonly inFlight: number; readonly now: number },
): RateLimit {
  return { ...rate, ...budgetOf(headers, inFlight, now) };
}

/** The smaller of the budgets that the headers report: requests, or tokens once none are left. */
function budgetOf(
  headers: Readonly<Record<string, string>>,
  inFlight: number,
  now: number,
): Partial<RateLimit> {
  const requests = count(headers['x-ratelimit-remaining-requests'] ?? headers['x-ratelimit-remaining']);
  const tokens = count(headers['x-ratelimit-remaining-tokens']);
  if (tokens !== undefined && tokens <= 0)
    return {
      remaining: 0,
      resetAt: now + (parseReset(headers['x-ratelimit-reset-tokens'], now) ?? UNTOLD_RESET_MS),
    };
  if (requests === undefined) return {};
  const reset = parseReset(headers['x-ratelimit-reset-requests'] ?? headers['x-ratelimit-reset'], now);
  if (reset === undefined && requests > 0) return {};
  return { remaining: Math.max(0, requests - inFlight), resetAt: now + (reset ?? UNTOLD_RESET_MS) };
}

function count(header: string | undefined): number | undefined {
  const value = Number(header ?? Number.NaN);
  return Number.isFinite(value) ? value : undefined;
}

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Milliseconds until a limit is reset: `60`, `6m0s`, `20ms`, a time since 1970, or a date. */
export function parseReset(header: string | undefined, now: number): number | undefined {
  if (header === undefined || header.trim() === '') return undefined;
  if (/^(?:[\d.]+(?:ms|h|m|s))+$/.test(header)) {
    const parts = [...header.matchAll(/([\d.]+)(ms|h|m|s)/g)];
    const sum = parts.reduce((ms, [, value, unit = 's']) => ms + Number(value) * (UNIT_MS[unit] ?? 0), 0);
    return Number.isFinite(sum) ? Math.ceil(sum) : undefined;
  }
  return parseRetryAfter(header, now);
}
