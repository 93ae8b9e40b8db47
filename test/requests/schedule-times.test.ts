import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fillDateTokens, wallClock } from '../../src/requests/schedule-times.ts';

const ALL = '{{yyyy}}-{{MM}}-{{dd}}T{{HH}}:{{mm}}';

const fill = (time: string, timezone: string, pattern = ALL): string =>
  fillDateTokens(pattern, new Date(time), timezone);

describe('the date tokens of a time', () => {
  test.each([
    ['UTC', '2026-11-12T13:07:00Z', '2026-11-12T13:07'],
    ['Europe/Berlin', '2026-11-12T13:07:00Z', '2026-11-12T14:07'],
    ['America/New_York', '2026-11-12T13:07:00Z', '2026-11-12T08:07'],
    ['Asia/Kolkata', '2026-11-12T13:07:00Z', '2026-11-12T18:37'],
    ['Asia/Kathmandu', '2026-11-12T13:07:00Z', '2026-11-12T18:52'],
    ['Pacific/Kiritimati', '2026-11-12T13:07:00Z', '2026-11-13T03:07'],
    ['Pacific/Pago_Pago', '2026-11-12T10:07:00Z', '2026-11-11T23:07'],
  ])('are those of %s: %s is %s', (timezone, time, expected) => {
    expect(fill(time, timezone)).toBe(expected);
  });

  test.each([
    ['2026-11-12T22:59:59.999Z', '2026-11-12T23:59'],
    ['2026-11-12T23:00:00Z', '2026-11-13T00:00'],
    ['2026-11-12T23:30:00Z', '2026-11-13T00:30'],
    ['2026-11-13T00:00:00Z', '2026-11-13T01:00'],
  ])('change at midnight in Berlin: %s is %s', (time, expected) => {
    expect(fill(time, 'Europe/Berlin')).toBe(expected);
  });

  test.each([
    ['2026-02-28T23:00:00Z', '2026-03-01T00:00'],
    ['2028-02-28T23:00:00Z', '2028-02-29T00:00'],
    ['2026-12-31T22:59:00Z', '2026-12-31T23:59'],
    ['2026-12-31T23:00:00Z', '2027-01-01T00:00'],
    ['1999-12-31T23:00:00Z', '2000-01-01T00:00'],
    ['2099-12-31T23:00:00Z', '2100-01-01T00:00'],
  ])('change at the end of a month and of a year in Berlin: %s is %s', (time, expected) => {
    expect(fill(time, 'Europe/Berlin')).toBe(expected);
  });

  test.each([
    ['2027-03-28T00:59:00Z', '2027-03-28T01:59'],
    ['2027-03-28T01:00:00Z', '2027-03-28T03:00'],
    ['2026-03-29T00:59:00Z', '2026-03-29T01:59'],
    ['2026-03-29T01:00:00Z', '2026-03-29T03:00'],
  ])('skip the hour that Berlin does not have in March: %s is %s', (time, expected) => {
    expect(fill(time, 'Europe/Berlin')).toBe(expected);
  });

  test.each([
    ['2026-10-25T00:30:00Z', '2026-10-25T02:30'],
    ['2026-10-25T01:30:00Z', '2026-10-25T02:30'],
    ['2026-10-25T02:00:00Z', '2026-10-25T03:00'],
  ])('repeat in the hour that Berlin has twice in October: %s is %s', (time, expected) => {
    expect(fill(time, 'Europe/Berlin')).toBe(expected);
  });

  test('have leading zeros', () => {
    expect(fill('2026-01-02T03:04:00Z', 'UTC')).toBe('2026-01-02T03:04');
  });

  test('show midnight as 00 and not as 24', () => {
    expect(fill('2026-01-02T00:00:00Z', 'UTC', '{{HH}}')).toBe('00');
  });
});

describe('a pattern', () => {
  test.each([
    ['staged/{{yyyy}}-{{MM}}-{{dd}}.csv', 'staged/2026-11-12.csv'],
    ['staged/{{yyyy}}/{{MM}}/{{dd}}/{{HH}}{{mm}}.jsonl.gz', 'staged/2026/11/12/1307.jsonl.gz'],
    ['staged/{{ yyyy }}x{{MM}}y', 'staged/2026x11y'],
    ['staged/{{yyyy}}{{yyyy}}', 'staged/20262026'],
    ['staged/yyyy-{MM}-(dd)', 'staged/yyyy-{MM}-(dd)'],
    ['staged/plain.csv', 'staged/plain.csv'],
    ['staged/ü {{dd}} $& \\1', 'staged/ü 12 $& \\1'],
  ])('%s is filled in as %s', (pattern, expected) => {
    expect(fill('2026-11-12T13:07:00Z', 'UTC', pattern)).toBe(expected);
  });

  test.each(['YYYY', 'ss', 'month', 'toString', '__proto__', 'yyyy-MM'])(
    'with {{%s}} is refused, and the token named',
    (token) => {
      expect(() => fill('2026-11-12T13:07:00Z', 'UTC', `staged/{{${token}}}`)).toThrowError(`"${token}"`);
    },
  );
});

test('the local time in UTC is the time itself', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date('2199-12-31'), noInvalidDate: true }), (date) => {
      expect(wallClock(date.getTime(), 'UTC')).toBe(date.getTime());
    }),
  );
});

test.each([
  ['2026-10-25T00:30:12.345Z', '2026-10-25T02:30:12.345Z'],
  ['2026-10-25T01:30:12.345Z', '2026-10-25T02:30:12.345Z'],
  ['2026-12-31T23:00:00.001Z', '2027-01-01T00:00:00.001Z'],
])('the local time in Berlin at %s is the time in UTC at %s', (time, shown) => {
  expect(wallClock(Date.parse(time), 'Europe/Berlin')).toBe(Date.parse(shown));
});
