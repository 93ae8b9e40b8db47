import { Match } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { callersOf } from './step-policies.ts';
import { stackTemplate } from './synthesized-stack.ts';

test('the rule matches only executions of this machine that were aborted or timed out', () => {
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
  });
});

test('the rule calls cancel-job and nothing else, with the whole event', () => {
  expect(stackTemplate()).toHaveProperties('AWS::Events::Rule', {
    EventPattern: { source: ['aws.states'] },
    Targets: [
      {
        Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('CancelJobFunction'), 'Arn'] },
        InputTransformer: Match.absent(),
        InputPath: Match.absent(),
        Input: Match.absent(),
      },
    ],
  });
});

test('only this rule may call cancel-job', () => {
  expect(callersOf('cancel-job')).toEqual([
    expect.stringMatching(/^events\.amazonaws\.com from <WorkflowStopTriggerRule\w+\.Arn>$/),
  ]);
});
