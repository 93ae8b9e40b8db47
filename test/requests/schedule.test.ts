import { describe, expect, test } from 'vitest';
import { scheduleEventSchema, scheduleExpression, scheduleSchema } from '../../src/requests/schedule.ts';

const CRON = '0 22 * * ? *';

/** The problems of a schedule, each with its path. */
function problemsOf(schedule: unknown): string[] {
  const issues = scheduleSchema.safeParse(schedule).error?.issues ?? [];
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('a schedule', () => {
  test.each([
    { cron: CRON, prefix: 'staged/' },
    { rate: '1 hour', inputs: ['staged/a.jsonl'] },
    { cron: CRON, timezone: 'Europe/Berlin', inputs: ['staged/{{yyyy}}/{{MM}}/{{dd}}/{{HH}}{{mm}}.csv'] },
    { rate: '7 days', prefix: 'output/a-0123456789abcdef/dead-letters' },
    { rate: '1 hour', prefix: 'staged/', name: 'n', profile: 'p', overrides: { rounds: 1 } },
  ])('may be %j', (schedule) => {
    expect(scheduleSchema.parse(schedule)).toEqual(schedule);
  });

  test('is refused with the names of unknown fields', () => {
    expect(problemsOf({ cron: CRON, prefix: 'staged/', size: 1, colour: 'red' })).toEqual([
      ': Unrecognized keys: "size", "colour"',
    ]);
  });

  test.each([
    ['neither', {}],
    ['both', { cron: CRON, rate: '1 hour' }],
  ])('has one of cron and rate, and not %s', (_, when) => {
    expect(problemsOf({ ...when, prefix: 'staged/' })).toEqual([': one of "cron" and "rate" must be given']);
  });

  test.each([
    ['neither', {}],
    ['both', { inputs: ['staged/a'], prefix: 'staged/' }],
  ])('has one of inputs and prefix, and not %s', (_, what) => {
    expect(problemsOf({ cron: CRON, ...what })).toEqual([
      ': exactly one of "inputs", "prefix" and "rows" must be given',
    ]);
  });

  test('is refused with all its problems at once', () => {
    expect(
      problemsOf({
        cron: 5,
        rate: '1 week',
        timezone: 'Berlin',
        profile: '',
        overrides: { rounds: 0 },
        inputs: ['input/a', 'staged/{{x}}', 'elsewhere/a'],
        prefix: 'input/',
        hurry: true,
      }).map((problem) => problem.split(': ')[0]),
    ).toEqual([
      'cron',
      'rate',
      'timezone',
      'profile',
      'overrides.rounds',
      'inputs.0',
      'inputs.1',
      'inputs.2',
      'prefix',
      '',
      '',
      '',
    ]);
  });
});

describe('a cron', () => {
  test.each([
    '',
    '0',
    '0 22 * * ?',
    '0 22 * * ? * *',
    '0  22 * * ? *',
    ' 0 22 * * ? *',
    '@daily',
    `cron(${CRON}) x`,
  ])('has six fields, unlike %j', (cron) => {
    expect(problemsOf({ cron, prefix: 'staged/' })).toEqual([
      'cron: must have six fields: minute hour day-of-month month day-of-week year',
    ]);
  });

  test('is converted to the format of EventBridge', () => {
    expect(scheduleExpression({ cron: CRON })).toBe('cron(0 22 * * ? *)');
  });
});

describe('a rate', () => {
  test.each(['1 minute', '5 minutes', '1 hour', '24 hours', '1 day', '99999 days'])('may be %s', (rate) => {
    expect(problemsOf({ rate, prefix: 'staged/' })).toEqual([]);
  });

  test.each([
    '',
    '5',
    'hour',
    '0 minutes',
    '05 minutes',
    '-1 hours',
    '1.5 hours',
    '1 week',
    '10 seconds',
    '100000 days',
    '1  hour',
    '1 HOUR',
    ' 1 hour',
    'rate(1 hour)',
  ])('may not be %j', (rate) => {
    expect(problemsOf({ rate, prefix: 'staged/' })).toEqual([
      'rate: must be a rate such as "30 minutes", "1 hour" or "7 days"',
    ]);
  });

  test('is converted to the format of EventBridge', () => {
    expect(scheduleExpression({ rate: '1 hour' })).toBe('rate(1 hour)');
  });
});

describe('a timezone', () => {
  test.each(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'])(
    'may be %s',
    (timezone) => {
      expect(problemsOf({ cron: CRON, timezone, prefix: 'staged/' })).toEqual([]);
    },
  );

  test.each(['', 'Berlin', 'Europe/Paris2', '+01:00', '-05:00', 'Mars/Olympus', 'Europe/Berlin '])(
    'may not be %j',
    (timezone) => {
      expect(problemsOf({ cron: CRON, timezone, prefix: 'staged/' })).toEqual([
        'timezone: must be a timezone such as "UTC" or "Europe/Berlin"',
      ]);
    },
  );
});

describe('what a schedule reads', () => {
  const BELOW_INPUT =
    'must not be below "input/", where dropping a file starts its job already: use "staged/"';
  const TOKENS = 'may name {{yyyy}}, {{MM}}, {{dd}}, {{HH}} and {{mm}}, and nothing else in double braces';

  test('is not below input/, and the error has the reason', () => {
    expect(problemsOf({ cron: CRON, inputs: ['staged/a', 'input/a'] })).toEqual([`inputs.1: ${BELOW_INPUT}`]);
    expect(problemsOf({ cron: CRON, prefix: 'input/inbox/' })).toEqual([`prefix: ${BELOW_INPUT}`]);
  });

  test.each(['a.csv', 'jobs/', 'claims/x', '{{yyyy}}/a.csv', ''])(
    'is below staged/ or output/, and not %j',
    (key) => {
      const problem = 'must start with "input/", "staged/", "output/"';

      expect(problemsOf({ cron: CRON, inputs: [key] })).toEqual([`inputs.0: ${problem}`]);
      expect(problemsOf({ cron: CRON, prefix: key })).toEqual([`prefix: ${problem}`]);
    },
  );

  test.each([
    '{{yy}}',
    '{{YYYY}}',
    '{{DD}}',
    '{{ss}}',
    '{{row}}',
    '{{yyyy-MM}}',
    '{{}}',
    '{{ }}',
    '{{toString}}',
    '{{yyyy',
  ])('is not valid as %s', (token) => {
    expect(problemsOf({ cron: CRON, inputs: [`staged/${token}.csv`] })).toEqual([`inputs.0: ${TOKENS}`]);
  });

  test('may have single braces in its name', () => {
    expect(problemsOf({ cron: CRON, inputs: ['staged/{yyyy}.csv'] })).toEqual([]);
  });

  test('is at least one file and at most as many as a job may have', () => {
    const keys = (count: number): string[] => Array.from({ length: count }, (_, n) => `staged/${n}`);

    expect(problemsOf({ cron: CRON, inputs: keys(0) })).toHaveLength(1);
    expect(problemsOf({ cron: CRON, inputs: keys(1_000) })).toEqual([]);
    expect(problemsOf({ cron: CRON, inputs: keys(1_001) })).toHaveLength(1);
  });
});

describe('the event of a schedule', () => {
  test('has the schedule and its time in the format of EventBridge', () => {
    const event = { schedule: 'nightly', scheduledTime: '2026-11-12T22:00:00Z' };

    expect(scheduleEventSchema.parse({ ...event, other: 1 })).toEqual(event);
  });

  test.each(['', 'tomorrow', '2026-11-12', '2026-13-12T22:00:00Z', '<aws.scheduler.scheduled-time>'])(
    'has no time such as %j',
    (scheduledTime) => {
      expect(scheduleEventSchema.safeParse({ schedule: 'nightly', scheduledTime }).success).toBe(false);
    },
  );
});
