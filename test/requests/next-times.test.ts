import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidRequest } from '../../src/errors.ts';
import { cronProblem, nextTime } from '../../src/requests/next-times.ts';
import { trials } from '../support/exhaustive.ts';

const BERLIN = 'Europe/Berlin';

/** The first times after `after`, or fewer if there are no more. */
function timesAfter(fields: string, after: string, count: number, timezone = 'UTC'): string[] {
  const times: string[] = [];
  let last = Date.parse(after);
  while (times.length < count) {
    const next = nextTime(`cron(${fields})`, timezone, { after: last, start: 0 });
    if (next === undefined) break;
    times.push(new Date(next).toISOString().replace(':00.000Z', 'Z'));
    last = next;
  }
  return times;
}

/** Dates of the first runs at noon from October 2026, which begins on a Thursday. */
const noonsAfter = (days: string, count: number): string[] =>
  timesAfter(`0 12 ${days}`, '2026-10-01T00:00:00Z', count).map((time) => time.replace('T12:00Z', ''));

describe('minutes and hours', () => {
  test.each([
    ['0 12 * * ? *', ['2026-10-01T12:00Z', '2026-10-02T12:00Z']],
    ['5 * * * ? *', ['2026-10-01T00:05Z', '2026-10-01T01:05Z']],
    ['59 23 * * ? *', ['2026-10-01T23:59Z', '2026-10-02T23:59Z']],
    ['* 6 * * ? *', ['2026-10-01T06:00Z', '2026-10-01T06:01Z']],
    [
      '10,50,30 6 * * ? *',
      ['2026-10-01T06:10Z', '2026-10-01T06:30Z', '2026-10-01T06:50Z', '2026-10-02T06:10Z'],
    ],
    ['58-59 6 * * ? *', ['2026-10-01T06:58Z', '2026-10-01T06:59Z', '2026-10-02T06:58Z']],
    [
      '5/15 6 * * ? *',
      [
        '2026-10-01T06:05Z',
        '2026-10-01T06:20Z',
        '2026-10-01T06:35Z',
        '2026-10-01T06:50Z',
        '2026-10-02T06:05Z',
      ],
    ],
    ['*/30 6 * * ? *', ['2026-10-01T06:00Z', '2026-10-01T06:30Z', '2026-10-02T06:00Z']],
    [
      '0/20,5 6 * * ? *',
      ['2026-10-01T06:00Z', '2026-10-01T06:05Z', '2026-10-01T06:20Z', '2026-10-01T06:40Z'],
    ],
    [
      '5-50/20 6 * * ? *',
      ['2026-10-01T06:05Z', '2026-10-01T06:25Z', '2026-10-01T06:45Z', '2026-10-02T06:05Z'],
    ],
    ['0 0/8 * * ? *', ['2026-10-01T08:00Z', '2026-10-01T16:00Z', '2026-10-02T00:00Z']],
    [
      '0 8-18/5 * * ? *',
      ['2026-10-01T08:00Z', '2026-10-01T13:00Z', '2026-10-01T18:00Z', '2026-10-02T08:00Z'],
    ],
  ])('of the fields %s fire at their times', (fields, expected) => {
    expect(timesAfter(fields, '2026-10-01T00:00:00Z', expected.length)).toEqual(expected);
  });
});

describe('days of the week', () => {
  test.each([
    ['1', 'SUN', ['2026-10-04', '2026-10-11']],
    ['2', 'MON', ['2026-10-05', '2026-10-12']],
    ['3', 'TUE', ['2026-10-06', '2026-10-13']],
    ['4', 'WED', ['2026-10-07', '2026-10-14']],
    ['5', 'THU', ['2026-10-01', '2026-10-08']],
    ['6', 'FRI', ['2026-10-02', '2026-10-09']],
    ['7', 'SAT', ['2026-10-03', '2026-10-10']],
  ])('%s is %s', (number, name, expected) => {
    expect(noonsAfter(`? * ${number} *`, 2)).toEqual(expected);
    expect(noonsAfter(`? * ${name} *`, 2)).toEqual(expected);
  });

  test.each([
    ['2-6', ['2026-10-01', '2026-10-02', '2026-10-05']],
    ['MON-FRI', ['2026-10-01', '2026-10-02', '2026-10-05']],
    ['1,7', ['2026-10-03', '2026-10-04', '2026-10-10']],
    ['SUN,2', ['2026-10-04', '2026-10-05', '2026-10-11']],
    ['2/2', ['2026-10-02', '2026-10-05', '2026-10-07']],
    ['*/3', ['2026-10-03', '2026-10-04', '2026-10-07']],
    ['2-6/2', ['2026-10-02', '2026-10-05', '2026-10-07']],
    ['*', ['2026-10-01', '2026-10-02', '2026-10-03']],
  ])('of the fields %s fire at their times', (field, expected) => {
    expect(noonsAfter(`? * ${field} *`, expected.length)).toEqual(expected);
  });

  test.each([
    ['3#2', ['2026-10-13', '2026-11-10', '2026-12-08']],
    ['TUE#2', ['2026-10-13', '2026-11-10', '2026-12-08']],
    ['6#1', ['2026-10-02', '2026-11-06', '2026-12-04']],
    ['2#5', ['2026-11-30', '2027-03-29', '2027-05-31']],
  ])('%s is the nth of its month', (field, expected) => {
    expect(noonsAfter(`? * ${field} *`, expected.length)).toEqual(expected);
  });

  test.each([
    ['6L', ['2026-10-30', '2026-11-27', '2026-12-25']],
    ['FRIL', ['2026-10-30', '2026-11-27', '2026-12-25']],
    ['1L', ['2026-10-25', '2026-11-29', '2026-12-27']],
  ])('%s is the last of its month', (field, expected) => {
    expect(noonsAfter(`? * ${field} *`, expected.length)).toEqual(expected);
  });

  test('L alone is the last day of the week, Saturday', () => {
    expect(noonsAfter('? * L *', 3)).toEqual(['2026-10-03', '2026-10-10', '2026-10-17']);
  });
});

describe('days of the month', () => {
  test.each([
    ['1', ['2026-10-01', '2026-11-01']],
    ['31', ['2026-10-31', '2026-12-31', '2027-01-31']],
    ['1,15', ['2026-10-01', '2026-10-15', '2026-11-01']],
    ['30-31', ['2026-10-30', '2026-10-31', '2026-11-30']],
    ['5/10', ['2026-10-05', '2026-10-15', '2026-10-25', '2026-11-05']],
    ['*/15', ['2026-10-01', '2026-10-16', '2026-10-31', '2026-11-01']],
    ['L', ['2026-10-31', '2026-11-30', '2026-12-31', '2027-01-31', '2027-02-28']],
    ['1,L', ['2026-10-01', '2026-10-31', '2026-11-01', '2026-11-30']],
  ])('of the fields %s fire at their times', (field, expected) => {
    expect(noonsAfter(`${field} * ? *`, expected.length)).toEqual(expected);
  });

  test.each([
    ['3W', ['2026-10-02', '2026-11-03', '2026-12-03', '2027-01-04']],
    ['15W', ['2026-10-15', '2026-11-16', '2026-12-15', '2027-01-15']],
    [
      '1W',
      [
        '2026-10-01',
        '2026-11-02',
        '2026-12-01',
        '2027-01-01',
        '2027-02-01',
        '2027-03-01',
        '2027-04-01',
        '2027-05-03',
      ],
    ],
  ])('%s is the weekday nearest to it in its month', (field, expected) => {
    expect(noonsAfter(`${field} * ? *`, expected.length)).toEqual(expected);
  });

  test('the 29th of February comes every fourth year', () => {
    expect(noonsAfter('29 2 ? *', 2)).toEqual(['2028-02-29', '2032-02-29']);
  });

  test('the 30th of February never comes', () => {
    expect(noonsAfter('30 2 ? *', 1)).toEqual([]);
  });
});

describe('months and years', () => {
  test.each([
    ['1 1 ? *', ['2027-01-01', '2028-01-01']],
    ['1 JAN ? *', ['2027-01-01', '2028-01-01']],
    ['1 FEB-APR ? *', ['2027-02-01', '2027-03-01', '2027-04-01', '2028-02-01']],
    ['1 NOV,2 ? *', ['2026-11-01', '2027-02-01', '2027-11-01']],
    ['1 2/5 ? *', ['2026-12-01', '2027-02-01', '2027-07-01', '2027-12-01']],
    ['1 */6 ? *', ['2027-01-01', '2027-07-01']],
    ['1 1 ? 2028', ['2028-01-01']],
    ['1 1 ? 2030,2028', ['2028-01-01', '2030-01-01']],
    ['1 1 ? 2026-2028', ['2027-01-01', '2028-01-01']],
    ['1 1 ? 2027/2', ['2027-01-01', '2029-01-01', '2031-01-01']],
    ['1 1 ? */3', ['2027-01-01', '2030-01-01']],
    ['1 1 ? 1970/50', ['2070-01-01', '2120-01-01', '2170-01-01']],
    ['1 1 ? 2199', ['2199-01-01']],
  ])('of the fields %s fire at their times', (fields, expected) => {
    expect(noonsAfter(fields, expected.length)).toEqual(expected);
  });

  test.each(['2025', '1970', '1970-2025', '2020,2024', '1971-2025/2'])(
    'a schedule of the year %s, which is past, never fires',
    (year) => {
      expect(noonsAfter(`* * ? ${year}`, 1)).toEqual([]);
    },
  );

  test('a schedule of this year fires for the last time, and then never', () => {
    expect(noonsAfter('31 12 ? 2026', 5)).toEqual(['2026-12-31']);
  });
});

describe('in a timezone', () => {
  test.each([
    ['0 22 * * ? *', BERLIN, ['2026-10-01T20:00Z', '2026-10-02T20:00Z']],
    ['0 0 1 * ? *', BERLIN, ['2026-10-31T23:00Z', '2026-11-30T23:00Z']],
    ['0 0 L * ? *', BERLIN, ['2026-10-30T23:00Z', '2026-11-29T23:00Z']],
    ['0 1 ? * SUN *', BERLIN, ['2026-10-03T23:00Z', '2026-10-10T23:00Z']],
    ['0 0 1 1 ? 2027', BERLIN, ['2026-12-31T23:00Z']],
    ['30 9 * * ? *', 'Asia/Kolkata', ['2026-10-01T04:00Z', '2026-10-02T04:00Z']],
    ['0 23 * * ? *', 'America/New_York', ['2026-10-01T03:00Z', '2026-10-02T03:00Z']],
  ])('%s of %s fires at its local times', (fields, timezone, expected) => {
    expect(timesAfter(fields, '2026-10-01T00:00:00Z', expected.length, timezone)).toEqual(expected);
  });

  test('the hour stays the same on the clock when winter time begins', () => {
    expect(timesAfter('0 22 * * ? *', '2026-10-24T00:00:00Z', 2, BERLIN)).toEqual([
      '2026-10-24T20:00Z',
      '2026-10-25T21:00Z',
    ]);
  });

  test('the hour stays the same on the clock when summer time begins', () => {
    expect(timesAfter('0 22 * * ? *', '2027-03-27T00:00:00Z', 2, BERLIN)).toEqual([
      '2027-03-27T21:00Z',
      '2027-03-28T20:00Z',
    ]);
  });
});

// As in EventBridge Scheduler's user guide: a local time that does not exist is skipped, and one that occurs twice runs once.
describe('where clocks change', () => {
  test('a time that does not exist on that day is skipped', () => {
    expect(timesAfter('30 2 * * ? *', '2027-03-26T12:00:00Z', 3, BERLIN)).toEqual([
      '2027-03-27T01:30Z',
      '2027-03-29T00:30Z',
      '2027-03-30T00:30Z',
    ]);
  });

  test('a schedule for nothing but a time that does not exist never fires', () => {
    expect(timesAfter('30 2 28 3 ? 2027', '2027-03-01T00:00:00Z', 1, BERLIN)).toEqual([]);
  });

  test('a list continues with its next time if one does not exist', () => {
    expect(timesAfter('30 2,14 * * ? *', '2027-03-28T00:00:00Z', 2, BERLIN)).toEqual([
      '2027-03-28T12:30Z',
      '2027-03-29T00:30Z',
    ]);
  });

  test('an hourly schedule fires every hour over the gap', () => {
    expect(timesAfter('0 * * * ? *', '2027-03-27T23:30:00Z', 4, BERLIN)).toEqual([
      '2027-03-28T00:00Z',
      '2027-03-28T01:00Z',
      '2027-03-28T02:00Z',
      '2027-03-28T03:00Z',
    ]);
  });

  test('a time that comes twice fires the first time only', () => {
    expect(timesAfter('30 2 * * ? *', '2026-10-24T12:00:00Z', 2, BERLIN)).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ]);
  });

  test('a time that comes twice does not fire again for a host that starts between the two', () => {
    expect(timesAfter('30 2 * * ? *', '2026-10-25T01:10:00Z', 1, BERLIN)).toEqual(['2026-10-26T01:30Z']);
  });

  test('a schedule of every half hour does not repeat the hour that comes twice', () => {
    expect(timesAfter('0/30 * * * ? *', '2026-10-24T23:30:00Z', 4, BERLIN)).toEqual([
      '2026-10-25T00:00Z',
      '2026-10-25T00:30Z',
      '2026-10-25T02:00Z',
      '2026-10-25T02:30Z',
    ]);
  });

  test('a time that comes twice within half an hour fires the first time only', () => {
    expect(timesAfter('45 1 * * ? *', '2027-04-03T12:00:00Z', 2, 'Australia/Lord_Howe')).toEqual([
      '2027-04-03T14:45Z',
      '2027-04-04T15:15Z',
    ]);
  });

  test('a time in a gap of half an hour is skipped', () => {
    expect(timesAfter('15 2 * * ? *', '2026-10-02T12:00:00Z', 2, 'Australia/Lord_Howe')).toEqual([
      '2026-10-02T15:45Z',
      '2026-10-04T15:15Z',
    ]);
  });

  test('a midnight that does not exist is skipped', () => {
    expect(timesAfter('0 0 * * ? *', '2026-09-05T00:00:00Z', 2, 'America/Santiago')).toEqual([
      '2026-09-05T04:00Z',
      '2026-09-07T03:00Z',
    ]);
  });

  test('a daily schedule fires at most once on each day of a year', () => {
    for (const hour of [0, 1, 2, 3]) {
      const times = timesAfter(`30 ${hour} * * ? *`, '2025-12-31T12:00:00Z', 365, BERLIN);
      const days = times.map((time) => new Date(time).toLocaleDateString('en', { timeZone: BERLIN }));
      expect(new Set(days).size).toBe(days.length);
    }
  });
});

describe('what is not an expression', () => {
  test.each([
    '',
    'nonsense',
    'cron()',
    'cron(@daily)',
    'cron(0 12 * * ?)',
    'cron(0 0 12 * * ? *)',
    'cron(0  12 * * ? *)',
    ' cron(0 12 * * ? *)',
    'cron(0 12 * * ? *) ',
    '0 12 * * ? *',
    'at(2026-11-20T13:00:00)',
    'rate(0 minutes)',
    'rate(-1 hour)',
    'rate(1.5 hours)',
    'rate(1 week)',
    'rate(1  hour)',
    'rate(hour)',
  ])('is refused: %j', (expression) => {
    expect(() => nextTime(expression, 'UTC', { after: 0, start: 0 })).toThrowError(InvalidRequest);
  });

  test.each(['0 12 * * * *', '0 12 ? * ? *', '0 12 1 * MON *', '0 12 1 * 2 *', '0 12 * * MON *'])(
    'is %s, because exactly one of the two days must be "?"',
    (fields) => {
      expect(() => timesAfter(fields, '2026-10-01T00:00:00Z', 1)).toThrowError(
        `"cron(${fields})": exactly one of day-of-month and day-of-week must be "?"`,
      );
    },
  );

  test.each([
    ['minute', ['60', '-1', '5/', '/5', '5/0', 'a', '1.5', '**', 'L', '1-', '1,,2', '#', '?', '5W', '*/x']],
    ['hour', ['24', '-1', 'x', '?', 'L', '0/0']],
    ['day', ['0', '32', 'W', 'W3', 'MON', '1#1', '+5', '1-32']],
    ['month', ['0', '13', 'JANUARY', '?', 'MON', 'L']],
    ['year', ['0', '26', '1969', '2200', '20271', '?', 'L', 'x', '2200/2', '2020-2200']],
  ] as const)('is a %s that does not exist', (name, fields) => {
    const taken = fields.filter((field) => {
      const all = { minute: '0', hour: '12', day: '1', month: '1', weekday: '?', year: '*', [name]: field };
      return cronProblem(Object.values(all).join(' ')) === undefined;
    });

    expect(taken).toEqual([]);
  });

  test.each(['0', '8', '9', '0-4', '1-8', 'MON,0', 'SUNDAY', 'MON#6', 'MON#0', '2#', '3W', 'L-1', '17'])(
    'is the weekday %s',
    (weekday) => {
      expect(cronProblem(`0 12 ? * ${weekday} *`)).toContain('is not a cron expression');
    },
  );

  test('is named in the error', () => {
    expect(cronProblem('99 12 * * ? *')).toContain('"cron(99 12 * * ? *)"');
  });

  test('is each of these', () => {
    expect(cronProblem('0/15 8-18 ? JAN-JUN MON-FRI 2026-2030')).toBeUndefined();
  });
});

describe('a rate', () => {
  const start = Date.parse('2026-10-01T07:13:20Z');
  const minutes = (count: number): number => start + count * 60_000;
  const next = (rate: string, after: number): number | undefined =>
    nextTime(`rate(${rate})`, 'UTC', { after, start });

  test.each([
    ['1 minute', 1],
    ['30 minutes', 30],
    ['1 hour', 60],
    ['12 hours', 720],
    ['1 day', 1_440],
    ['7 days', 10_080],
  ])('of %s counts from the start', (rate, every) => {
    expect(next(rate, start)).toBe(minutes(every));
    expect(next(rate, minutes(every) - 1)).toBe(minutes(every));
    expect(next(rate, minutes(every))).toBe(minutes(2 * every));
  });

  test('skips missed times', () => {
    expect(next('1 hour', minutes(60 * 24 + 7))).toBe(minutes(60 * 25));
  });

  test('does not follow the clock: a day has 24 hours where clocks change', () => {
    const saturday = Date.parse('2026-10-24T10:00:00Z');

    expect(nextTime('rate(1 day)', BERLIN, { after: saturday, start: saturday })).toBe(
      Date.parse('2026-10-25T10:00:00Z'),
    );
  });
});

describe('the next time', () => {
  const times = fc.integer({ min: Date.parse('2020-01-01'), max: Date.parse('2040-01-01') });
  const field = (min: number, max: number): fc.Arbitrary<string> =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min, max }).map(String),
      fc
        .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc
        .tuple(fc.integer({ min, max }), fc.integer({ min: 1, max: max - min }))
        .map(([from, step]) => `${from}/${step}`),
    );
  const expressions = fc.oneof(
    fc
      .tuple(fc.integer({ min: 1, max: 999 }), fc.constantFrom('minutes', 'hours', 'days'))
      .map(([count, unit]) => `rate(${count} ${unit})`),
    fc
      .tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12))
      .map((fields) => `cron(${fields.join(' ')} ? *)`),
    fc
      .tuple(field(0, 59), field(0, 23), field(1, 12), field(1, 7))
      .map(([minute, hour, month, weekday]) => `cron(${minute} ${hour} ? ${month} ${weekday} *)`),
  );
  const timezones = fc.constantFrom('UTC', BERLIN, 'America/Santiago', 'Australia/Lord_Howe', 'Asia/Kolkata');

  trials(75, 300).test('is always later, and on a whole minute when a cron has it', (numRuns) => {
    fc.assert(
      fc.property(expressions, timezones, times, times, (expression, timezone, after, start) => {
        const next = nextTime(expression, timezone, { after, start }) ?? Infinity;

        expect(next).toBeGreaterThan(after);
        if (expression.startsWith('cron') && next < Infinity) expect(next % 60_000).toBe(0);
      }),
      { numRuns },
    );
  });

  trials(75, 300).test('leaves no time out: it is the same from any moment before it', (numRuns) => {
    fc.assert(
      fc.property(
        expressions,
        timezones,
        times,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (expression, timezone, after, part) => {
          const next = nextTime(expression, timezone, { after, start: 0 });
          fc.pre(next !== undefined);
          const between = after + Math.floor(((next ?? 0) - after) * part);

          expect(nextTime(expression, timezone, { after: between, start: 0 })).toBe(next);
        },
      ),
      { numRuns },
    );
  });
});
