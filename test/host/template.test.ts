import { describe, expect, test } from 'vitest';
import { readBucket } from '../../host/template/machine.ts';
import { readResources } from '../../host/template/resources.ts';
import { hasRoute, readRoutes } from '../../host/template/routes.ts';
import { fits, readRules } from '../../host/template/rules.ts';
import { readSchedules } from '../../host/template/schedules.ts';
import { Timetable } from '../../host/serve/run-schedules.ts';

const resource = (Type: string, Properties: unknown) =>
  readResources({ Resources: { R: { Type, Properties } } });

describe('an event pattern', () => {
  const pattern = {
    source: ['aws.s3'],
    detail: { object: { key: [{ prefix: 'input/' }], size: [{ numeric: ['>', 0] }] } },
  };
  const event = (key: unknown, size: unknown, source = 'aws.s3') => ({
    source,
    detail: { object: { key, size } },
  });

  test.each([
    [event('input/a', 1), true],
    [event('input/', 0), false],
    [event('output/input/a', 1), false],
    [event('input/a', 1, 'aws.states'), false],
    [event(7, 1), false],
    [event('input/a', undefined), false],
    [{ source: 'aws.s3' }, false],
    ['input/a', false],
  ])('matches %j: %s', (given, expected) => {
    expect(fits(pattern, given)).toBe(expected);
  });

  test('matches any of several values', () => {
    expect(fits({ status: ['ABORTED', 'TIMED_OUT'] }, { status: 'TIMED_OUT' })).toBe(true);
    expect(fits({ status: ['ABORTED', 'TIMED_OUT'] }, { status: 'FAILED' })).toBe(false);
  });

  test.each([
    ['>', false, false, true],
    ['>=', false, true, true],
    ['<', true, false, false],
    ['<=', true, true, false],
    ['=', false, true, false],
  ])('compares numbers by %s', (operator, below, equal, above) => {
    const matches = (size: number): boolean => fits({ size: [{ numeric: [operator, 5] }] }, { size });
    expect([matches(4), matches(5), matches(6)]).toEqual([below, equal, above]);
  });

  test('with an unknown matcher is refused and not ignored', () => {
    expect(() => fits({ key: [{ wildcard: '*' }] }, { key: 'a' })).toThrow('{"wildcard":"*"}');
  });
});

test('a rule connects a pattern with the functions of its targets', () => {
  const rules = readRules(
    resource('AWS::Events::Rule', {
      State: 'ENABLED',
      EventPattern: { detail: { bucket: { name: [{ Ref: 'Bucket' }] } } },
      Targets: [{ Arn: { 'Fn::GetAtt': ['Start', 'Arn'] } }],
    }),
  );
  expect(rules).toEqual([
    {
      pattern: { detail: { bucket: { name: ['Bucket'] } } },
      targets: ['arn:aws:lambda:us-east-1:000000000000:function:Start'],
    },
  ]);
});

test('a disabled rule is refused, because the local host would ignore that', () => {
  const off = resource('AWS::Events::Rule', { State: 'DISABLED', EventPattern: {}, Targets: [] });
  expect(() => readRules(off)).toThrow('ENABLED');
});

test('the bucket is the one that the functions use', () => {
  const functions = resource('AWS::Lambda::Function', {
    Environment: { Variables: { STORE: { 'Fn::Join': ['', ['s3://', { Ref: 'Data' }]] } } },
  });
  expect(readBucket(functions)).toBe('Data');
  expect(() => readBucket([])).toThrow('STORE');
});

describe('the routes of the API', () => {
  const routes = readRoutes(
    resource('AWS::ApiGatewayV2::Route', {
      RouteKey: 'POST /jobs/{jobId}/cancel',
      AuthorizationType: 'AWS_IAM',
    }),
  );

  test.each([
    ['POST', '/jobs/a/cancel', true],
    ['GET', '/jobs/a/cancel', false],
    ['POST', '/jobs//cancel', false],
    ['POST', '/jobs/a/b/cancel', false],
    ['POST', '/jobs/a', false],
  ])('let %s %s through: %s', (method, path, expected) => {
    expect(hasRoute(routes, method, path)).toBe(expected);
  });

  test('that are open to everybody are refused', () => {
    const open = resource('AWS::ApiGatewayV2::Route', { RouteKey: 'GET /jobs', AuthorizationType: 'NONE' });
    expect(() => readRoutes(open)).toThrow('AuthorizationType');
  });
});

describe('a timetable', () => {
  const schedules = readSchedules(
    resource('AWS::Scheduler::Schedule', {
      State: 'ENABLED',
      ScheduleExpression: 'cron(0 22 * * ? *)',
      ScheduleExpressionTimezone: 'Europe/Berlin',
      Target: {
        Arn: { 'Fn::GetAtt': ['Start', 'Arn'] },
        Input: '{"schedule":"nightly","scheduledTime":"<aws.scheduler.scheduled-time>"}',
      },
    }),
  );
  const timetable = (start: string): Timetable => new Timetable(schedules, { now: () => Date.parse(start) });
  const times = (fires: readonly { readonly input: unknown }[]): string[] =>
    fires.map(({ input }) => (input as { scheduledTime: string }).scheduledTime);

  test('returns the next time of each schedule', () => {
    expect(timetable('2026-11-23T12:00:00Z').next()).toEqual([
      { name: 'nightly', time: Date.parse('2026-11-23T21:00:00Z') },
    ]);
  });

  test('fires each time once, with the time in the format of EventBridge', () => {
    const table = timetable('2026-11-23T12:00:00Z');

    expect(table.due(Date.parse('2026-11-23T20:59:59.999Z'))).toEqual([]);
    expect(times(table.due(Date.parse('2026-11-23T21:00:00.005Z')))).toEqual(['2026-11-23T21:00:00Z']);
    expect(table.due(Date.parse('2026-11-23T21:00:01Z'))).toEqual([]);
  });

  test('fires times that were missed while the machine slept, at most a month of them', () => {
    expect(times(timetable('2026-11-23T12:00:00Z').due(Date.parse('2026-11-26T12:00:00Z')))).toEqual([
      '2026-11-23T21:00:00Z',
      '2026-11-24T21:00:00Z',
      '2026-11-25T21:00:00Z',
    ]);
    expect(timetable('2026-01-01T12:00:00Z').due(Date.parse('2026-11-26T12:00:00Z'))).toHaveLength(31);
  });

  test('fires nothing twice when the clock is set back', () => {
    const table = timetable('2026-11-23T12:00:00Z');
    table.due(Date.parse('2026-11-23T21:30:00Z'));
    table.due(Date.parse('2026-11-23T20:30:00Z'));

    expect(table.due(Date.parse('2026-11-23T21:30:00Z'))).toEqual([]);
  });
});
