import { Match } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { stackTemplate } from './synthesized-stack.ts';

const DEAD_LETTERS = { 'Fn::GetAtt': [Match.stringLikeRegexp('EventsDeadLetters'), 'Arn'] };

test('executions of this machine that were aborted or timed out are told to cancel-job, failed ones are not', () => {
  expect(stackTemplate()).toHaveProperties('AWS::Events::Rule', {
    State: 'ENABLED',
    EventPattern: {
      source: ['aws.states'],
      'detail-type': ['Step Functions Execution Status Change'],
      detail: {
        stateMachineArn: [{ Ref: Match.stringLikeRegexp('StateMachine') }],
        status: ['ABORTED', 'TIMED_OUT'],
      },
    },
    Targets: [
      {
        Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('CancelJobFunction'), 'Arn'] },
        DeadLetterConfig: { Arn: DEAD_LETTERS },
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      },
    ],
  });
});

test('only this rule may make EventBridge call cancel-job', () => {
  expect(stackTemplate()).toHaveProperties('AWS::Lambda::Permission', {
    FunctionName: { 'Fn::GetAtt': [Match.stringLikeRegexp('CancelJobFunction'), 'Arn'] },
    Principal: 'events.amazonaws.com',
    SourceArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('StopTriggerRule'), 'Arn'] },
  });
});

test('an event that cancel-job failed with is tried twice more and then kept', () => {
  expect(stackTemplate()).toHaveProperties('AWS::Lambda::EventInvokeConfig', {
    FunctionName: { Ref: Match.stringLikeRegexp('CancelJobFunction') },
    MaximumRetryAttempts: 2,
    DestinationConfig: { OnFailure: { Destination: DEAD_LETTERS } },
  });
});

test('there is no rule but those for drops and stops', () => {
  expect(stackTemplate()).toHaveCount('AWS::Events::Rule', 2);
});
