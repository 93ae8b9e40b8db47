import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  afterAnswer,
  afterStart,
  FIRST_CALL,
  MAX_CONCURRENCY,
  mayStart,
  parseReset,
  waitBeforeCall,
  type Paced,
  type RateLimit,
} from '../../src/direct/rate-limit.ts';

const NOW = Date.UTC(2026, 10, 1);

/** Answers with any values that a provider may send. */
const answers = fc.array(
  fc.record({
    rejected: fc.constantFrom<Paced['rejected'][]>(false, 'most', 'all'),
    isFailure: fc.boolean(),
    headers: fc.dictionary(
      fc.constantFrom(
        'retry-after',
        'x-ratelimit-remaining-requests',
        'x-ratelimit-reset-requests',
        'x-ratelimit-remaining-tokens',
        'x-ratelimit-reset-tokens',
      ),
      fc.oneof(
        fc.nat(100).map(String),
        fc.constantFrom('', 'soon', '1m30s', '-1', 'NaN', 'Infinity', '1e306', String(NOW + 5_000)),
      ),
    ),
  }),
);

function after(told: readonly Paced[]): RateLimit {
  return told.reduce((rate, answer) => {
    return afterAnswer(afterStart(rate), answer, { inFlight: 0, now: NOW, random: 0.5 });
  }, FIRST_CALL);
}

describe('with any answers of a provider', () => {
  test('there is a time at which a call is allowed, and no call is allowed before it', () => {
    fc.assert(
      fc.property(answers, (told) => {
        const rate = after(told);
        const wait = waitBeforeCall(rate, NOW);
        expect(Number.isFinite(wait)).toBe(true);
        expect(mayStart(rate, 0, NOW) > 0).toBe(wait === 0);
        expect(mayStart(rate, 0, NOW + wait)).toBeGreaterThan(0);
      }),
    );
  });

  test('no more calls are in flight than the limit allows', () => {
    fc.assert(
      fc.property(answers, fc.nat(40), (told, inFlight) => {
        const rate = after(told);
        expect(rate.concurrency).toBeGreaterThanOrEqual(1);
        expect(inFlight + mayStart(rate, inFlight, NOW)).toBeLessThanOrEqual(
          Math.max(inFlight, MAX_CONCURRENCY),
        );
      }),
    );
  });

  test('a rejection never speeds calls up, and its Retry-After is kept', () => {
    fc.assert(
      fc.property(answers, fc.integer({ min: 1, max: 600 }), (told, seconds) => {
        const before = after(told);
        const headers = { 'retry-after': String(seconds) };
        const rate = afterAnswer(
          before,
          { rejected: 'all', headers },
          { inFlight: 0, now: NOW, random: 0.5 },
        );
        expect(rate.concurrency).toBeLessThanOrEqual(before.concurrency);
        expect(mayStart(rate, 0, NOW + seconds * 1_000 - 1)).toBe(0);
      }),
    );
  });

  test('the remaining amount is never exceeded before it is reset', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.nat(16), (remaining, inFlight) => {
        const headers = {
          'x-ratelimit-remaining-requests': String(remaining),
          'x-ratelimit-reset-requests': '60',
        };
        let rate = afterAnswer(
          { ...FIRST_CALL, concurrency: 100 },
          { rejected: false, headers },
          { inFlight, now: NOW, random: 0 },
        );
        let started = 0;
        while (mayStart(rate, inFlight, NOW) > 0) {
          rate = afterStart(rate);
          started += 1;
        }
        expect(started).toBe(inFlight >= MAX_CONCURRENCY ? 0 : Math.max(0, remaining - inFlight));
      }),
    );
  });
});

test.each([
  ['60', 60_000],
  ['6m0s', 360_000],
  ['20ms', 20],
  ['1h2m3.5s', 3_723_500],
  [String(NOW / 1_000 + 30), 30_000],
  [String(NOW + 30_000), 30_000],
  [String(NOW - 30_000), undefined],
  ['1e306', undefined],
  ['Infinity', undefined],
  [new Date(NOW + 5_000).toISOString(), 5_000],
  ['soon', undefined],
  ['', undefined],
])('a reset of "%s" is %s ms away', (header, expected) => {
  expect(parseReset(header, NOW)).toBe(expected);
});
