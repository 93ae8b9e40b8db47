import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { stackTemplate } from './synthesized-stack.ts';

const DEAD_LETTERS = { 'Fn::GetAtt': [Match.stringLikeRegexp('EventsDeadLetters'), 'Arn'] };

test('there are only rules for drops and for stops', () => {
  expect(stackTemplate()).toHaveCount('AWS::Events::Rule', 2);
});

test('every rule tries for a day and then keeps the event', () => {
  expect(stackTemplate()).toHaveOnlyProperties('AWS::Events::Rule', {
    Targets: [
      Match.objectLike({
        DeadLetterConfig: { Arn: DEAD_LETTERS },
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      }),
    ],
  });
});

describe.each(['StartJob', 'CancelJob'])('an event that %s failed with', (id) => {
  test('is retried twice within six hours, and then kept', () => {
    expect(stackTemplate()).toHaveProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: Match.stringLikeRegexp(`${id}Function`) },
      Qualifier: '$LATEST',
      MaximumRetryAttempts: 2,
      MaximumEventAgeInSeconds: 21_600,
      DestinationConfig: { OnFailure: { Destination: DEAD_LETTERS } },
    });
  });
});

test('no other function is called by events', () => {
  expect(stackTemplate()).toHaveCount('AWS::Lambda::EventInvokeConfig', 2);
});

describe('the dead-letter queue', () => {
  test('is the only queue, and keeps what it holds for two weeks', () => {
    expect(stackTemplate()).toHaveCount('AWS::SQS::Queue', 1);
    expect(stackTemplate()).toHaveProperties('AWS::SQS::Queue', { MessageRetentionPeriod: 1_209_600 });
  });

  test('accepts nothing over plain HTTP, and events only from the rules', () => {
    const fromRule = (id: string) =>
      Match.objectLike({
        Effect: 'Allow',
        Action: 'sqs:SendMessage',
        Principal: { Service: 'events.amazonaws.com' },
        Condition: {
          ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [Match.stringLikeRegexp(id), 'Arn'] } },
        },
      });
    expect(stackTemplate()).toHaveProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: [
          Match.objectLike({
            Effect: 'Deny',
            Action: 'sqs:*',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
          fromRule('DropTriggerRule'),
          fromRule('StopTriggerRule'),
        ],
      },
    });
  });
});
