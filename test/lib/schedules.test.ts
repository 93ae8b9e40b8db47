import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, expect, test } from 'vitest';
import { NightshiftStack } from '../../lib/nightshift-stack.ts';
import { CONFIG, createApp, stackTemplate } from './synthesized-stack.ts';

const SCHEDULES = {
  nightly: { cron: '0 22 * * ? *', timezone: 'Europe/Berlin', inputs: ['staged/{{yyyy}}-{{MM}}-{{dd}}.csv'] },
  hourly: { rate: '1 hour', prefix: 'staged/' },
};

let template: Template;

const stackOf = (schedules: object): Template =>
  Template.fromStack(
    new NightshiftStack(createApp(), 'Nightshift', { config: { ...CONFIG, schedules: schedules as never } }),
  );

beforeAll(() => {
  template = stackOf(SCHEDULES);
});

test.each([
  ['nightly', 'cron(0 22 * * ? *)', 'Europe/Berlin'],
  ['hourly', 'rate(1 hour)', 'UTC'],
])('the schedule %s fires by %s in %s, to the minute', (name, ScheduleExpression, timezone) => {
  expect(template).toHaveProperties('AWS::Scheduler::Schedule', {
    State: 'ENABLED',
    ScheduleExpression,
    ScheduleExpressionTimezone: timezone,
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: { Input: JSON.stringify({ schedule: name, scheduledTime: '<aws.scheduler.scheduled-time>' }) },
  });
});

test('a schedule calls start-job, tries for a day and then keeps the event', () => {
  expect(template).toHaveOnlyProperties('AWS::Scheduler::Schedule', {
    Target: Match.objectLike({
      Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('StartJobFunction'), 'Arn'] },
      DeadLetterConfig: { Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('EventsDeadLetters'), 'Arn'] } },
      RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
    }),
  });
});

test("the scheduler's role may call start-job and put into the dead-letter queue, and nothing else", () => {
  expect(template).toHaveProperties('AWS::IAM::Role', {
    AssumeRolePolicyDocument: {
      Statement: [Match.objectLike({ Principal: { Service: 'scheduler.amazonaws.com' } })],
    },
  });
  const policies = Object.entries(template.findResources('AWS::IAM::Policy')).filter(([id]) =>
    id.includes('SchedulesRole'),
  );
  expect(policies).toHaveLength(1);
  const actions = JSON.stringify(policies).match(/"(lambda|sqs|s3|states|iam):[\w*]+"/g);
  expect(new Set(actions)).toEqual(new Set(['"lambda:InvokeFunction"', '"sqs:SendMessage"']));
});

test('without schedules there is none', () => {
  expect(stackTemplate()).toHaveCount('AWS::Scheduler::Schedule', 0);
});

test('a time that is none stops the synthesis and is told by its path', () => {
  expect(() => stackOf({ nightly: { cron: '0 25 * * ? *', prefix: 'staged/' } })).toThrow(
    'schedules.nightly.cron',
  );
});
