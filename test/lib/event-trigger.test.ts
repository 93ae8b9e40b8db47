import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { callersOf } from './step-policies.ts';
import { stackTemplate } from './synthesized-stack.ts';

describe('the trigger of dropped files', () => {
  test('the rule matches only new objects below input/ of the data bucket', () => {
    expect(stackTemplate()).toHaveProperties('AWS::Events::Rule', {
      State: 'ENABLED',
      EventPattern: {
        source: ['aws.s3'],
        'detail-type': ['Object Created'],
        detail: {
          bucket: { name: [{ Ref: Match.stringLikeRegexp('DataBucket') }] },
          object: { key: [{ prefix: 'input/' }] },
        },
      },
    });
  });

  test('the rule calls start-job and nothing else, with the whole event', () => {
    expect(stackTemplate()).toHaveProperties('AWS::Events::Rule', {
      EventPattern: { source: ['aws.s3'] },
      Targets: [
        {
          Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('StartJobFunction'), 'Arn'] },
          // A transformed event would lack the version id on buckets without versions.
          InputTransformer: Match.absent(),
          InputPath: Match.absent(),
          Input: Match.absent(),
        },
      ],
    });
  });

  test('once an hour start-job looks for files whose event was lost', () => {
    expect(stackTemplate()).toHaveProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(1 hour)',
      Target: Match.objectLike({
        Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('StartJobFunction'), 'Arn'] },
        Input: '{"sweep":true}',
      }),
    });
  });

  test('only this rule may call start-job; schedules use a separate role', () => {
    expect(callersOf('start-job')).toEqual([
      expect.stringMatching(/^events\.amazonaws\.com from <WorkflowDropTriggerRule\w+\.Arn>$/),
    ]);
  });
});

describe('the trigger of stopped executions', () => {
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
});
