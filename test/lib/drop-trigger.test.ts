import { Match } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { stepPermissions } from './step-policies.ts';
import { stackTemplate } from './synthesized-stack.ts';

const DEAD_LETTERS = { 'Fn::GetAtt': [Match.stringLikeRegexp('EventsDeadLetters'), 'Arn'] };

test('the rule matches new objects under input/ of the data bucket that are not empty, and no others', () => {
  expect(stackTemplate()).toHaveProperties('AWS::Events::Rule', {
    State: 'ENABLED',
    EventPattern: {
      source: ['aws.s3'],
      'detail-type': ['Object Created'],
      detail: {
        bucket: { name: [{ Ref: Match.stringLikeRegexp('DataBucket') }] },
        object: { key: [{ prefix: 'input/' }], size: [{ numeric: ['>', 0] }] },
      },
    },
  });
});

test('the rule calls start-job, tries for a day and then keeps the event', () => {
  expect(stackTemplate()).toHaveProperties('AWS::Events::Rule', {
    Targets: [
      {
        Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('StartJobFunction'), 'Arn'] },
        DeadLetterConfig: { Arn: DEAD_LETTERS },
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
        // The whole event: a transformed one would lack the version id on buckets without versions.
        InputTransformer: Match.absent(),
      },
    ],
  });
});

test('only this rule may make EventBridge call start-job', () => {
  expect(stackTemplate()).toHaveProperties('AWS::Lambda::Permission', {
    Principal: 'events.amazonaws.com',
    SourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('DropTriggerRule'), 'Arn'] },
  });
});

test('a drop that start-job failed with is tried twice more and then kept', () => {
  expect(stackTemplate()).toHaveProperties('AWS::Lambda::EventInvokeConfig', {
    FunctionName: { Ref: Match.stringLikeRegexp('StartJobFunction') },
    MaximumRetryAttempts: 2,
    MaximumEventAgeInSeconds: 21_600,
    DestinationConfig: { OnFailure: { Destination: DEAD_LETTERS } },
  });
  expect(stepPermissions('start-job')).toContainEqual(
    expect.stringMatching(/^sqs:SendMessage on <WorkflowEvents/),
  );
});

test('the dead-letter queue keeps what it holds for two weeks', () => {
  expect(stackTemplate()).toHaveProperties('AWS::SQS::Queue', { MessageRetentionPeriod: 1_209_600 });
});

test('the dead-letter queue takes events from the rule, and nothing over plain HTTP', () => {
  expect(stackTemplate()).toHaveProperties('AWS::SQS::QueuePolicy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        Match.objectLike({
          Effect: 'Allow',
          Action: 'sqs:SendMessage',
          Principal: { Service: 'events.amazonaws.com' },
        }),
      ]),
    },
  });
});
