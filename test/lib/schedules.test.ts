import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { callersOf, permissionsByRole } from './step-policies.ts';
import { stackTemplate, templateOf } from './synthesized-stack.ts';

const SCHEDULES = {
  nightly: { cron: '0 22 * * ? *', timezone: 'Europe/Berlin', inputs: ['staged/{{yyyy}}-{{MM}}-{{dd}}.csv'] },
  hourly: { rate: '1 hour', prefix: 'staged/' },
};

const scheduledTemplate = templateOf.bind(undefined, { schedules: SCHEDULES });

describe.each([
  ['nightly', 'cron(0 22 * * ? *)', 'Europe/Berlin'],
  ['hourly', 'rate(1 hour)', 'UTC'],
])('the schedule %s', (name, expression, timezone) => {
  const Description = Match.stringLikeRegexp(`"${name}"`);

  test(`fires by ${expression} in ${timezone}, to the minute`, () => {
    expect(scheduledTemplate()).toHaveProperties('AWS::Scheduler::Schedule', {
      Description,
      State: 'ENABLED',
      ScheduleExpression: expression,
      ScheduleExpressionTimezone: timezone,
      FlexibleTimeWindow: { Mode: 'OFF' },
    });
  });

  test('passes its name and its scheduled time', () => {
    const Input = JSON.stringify({ schedule: name, scheduledTime: '<aws.scheduler.scheduled-time>' });
    expect(scheduledTemplate()).toHaveProperties('AWS::Scheduler::Schedule', {
      Description,
      Target: { Input },
    });
  });
});

test('every schedule calls start-job', () => {
  expect(scheduledTemplate()).toHaveCount('AWS::Scheduler::Schedule', 3);
  expect(scheduledTemplate()).toHaveOnlyProperties('AWS::Scheduler::Schedule', {
    Target: Match.objectLike({ Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('StartJobFunction'), 'Arn'] } }),
  });
});

test('every schedule tries for a day and then keeps the event', () => {
  expect(scheduledTemplate()).toHaveOnlyProperties('AWS::Scheduler::Schedule', {
    Target: Match.objectLike({
      DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('EventsDeadLetters'), 'Arn'] } },
      RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
    }),
  });
});

describe('the role of the schedules', () => {
  const ROLE = /^WorkflowSchedulesRole[0-9A-F]{8}$/;

  test('is shared by all schedules', () => {
    expect(scheduledTemplate()).toHaveOnlyProperties('AWS::Scheduler::Schedule', {
      Target: Match.objectLike({ RoleArn: { 'Fn::GetAtt': [Match.stringLikeRegexp(ROLE.source), 'Arn'] } }),
    });
  });

  test('is only for the scheduler of this account', () => {
    expect(scheduledTemplate()).toHaveProperties('AWS::IAM::Role', {
      AssumeRolePolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Action: 'sts:AssumeRole',
            Principal: { Service: 'scheduler.amazonaws.com' },
            Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
          },
        ],
      },
    });
  });

  test('may only call start-job and write to the dead-letter queue', () => {
    const permissions = [...permissionsByRole(scheduledTemplate())].filter(([role]) => ROLE.test(role));
    expect(permissions.map(([, granted]) => granted)).toEqual([
      [
        expect.stringMatching(/^lambda:InvokeFunction on <WorkflowStepsStartJobFunction\w+\.Arn>$/),
        expect.stringMatching(/^lambda:InvokeFunction on <WorkflowStepsStartJobFunction\w+\.Arn>:\*$/),
        expect.stringMatching(/^sqs:SendMessage on <WorkflowEventsDeadLetters\w+\.Arn>$/),
      ],
    ]);
  });
});

test('schedules allow no other caller of start-job', () => {
  expect(callersOf('start-job', scheduledTemplate())).toEqual(callersOf('start-job'));
});

test('without schedules there is only the sweep for files whose event was lost', () => {
  expect(stackTemplate()).toHaveCount('AWS::Scheduler::Schedule', 1);
});

test('every valid name can be deployed, also beside very similar names', () => {
  const names = ['Role', 'Default', 'Resource', 'a-b', 'a_b', 'a.b', 'ab', '-', 'x'.repeat(40)];
  const schedules = Object.fromEntries(names.map((name) => [name, SCHEDULES.hourly]));
  expect(templateOf({ schedules })).toHaveCount('AWS::Scheduler::Schedule', names.length + 1);
});

test.each([
  ['cron', { cron: '0 25 * * ? *' }],
  ['cron', { cron: '0 22 * * * *' }],
  ['cron', { cron: '0 22 * * ?' }],
  ['rate', { rate: '1 week' }],
  ['timezone', { rate: '1 hour', timezone: 'Berlin' }],
])('a wrong %s stops the synthesis with its path: %j', (field, time) => {
  const schedules = { nightly: { ...time, prefix: 'staged/' } };
  expect(() => templateOf({ schedules })).toThrow(`schedules.nightly.${field}:`);
});
