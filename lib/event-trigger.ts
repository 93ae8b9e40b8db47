import { Match, Rule, type EventPattern } from 'aws-cdk-lib/aws-events';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { INPUT_PREFIX } from '../src/checkpoints/keys.ts';
import type { EventDelivery } from './event-delivery.ts';
import type { StepFunction } from './step-function.ts';

/** Events of one kind, as EventBridge recognises them. */
export interface TriggeringEvents {
  readonly description: string;
  readonly eventPattern: EventPattern;
}

export interface EventTriggerProps {
  readonly events: TriggeringEvents;
  /** The function that is called with each event. */
  readonly calls: StepFunction;
  readonly delivery: EventDelivery;
}

/** Calls a function for each event of one kind. */
export class EventTrigger extends Construct {
  constructor(scope: Construct, id: string, { events, calls, delivery }: EventTriggerProps) {
    super(scope, id);
    new Rule(this, 'Rule', events).addTarget(delivery.targetOf(calls));
  }
}

/** Files that are dropped under `input/`. The bucket must send its events to EventBridge. */
export function filesDropped(bucket: IBucket): TriggeringEvents {
  return {
    description: 'Nightshift: a file dropped under input/ starts a job',
    eventPattern: {
      source: ['aws.s3'],
      detailType: ['Object Created'],
      detail: {
        bucket: { name: [bucket.bucketName] },
        // Matches empty files as well: their job fails with a reason. start-job skips folder markers.
        object: { key: Match.prefix(INPUT_PREFIX) },
      },
    },
  };
}

/**
 * Executions that were aborted or timed out. Their jobs are cancelled, because their open batches still cost money. A failed
 * execution's batches are not cancelled, because a resume collects them.
 */
export function executionsStopped(stateMachine: StateMachine): TriggeringEvents {
  return {
    description: 'Nightshift: an execution that was stopped cancels its job',
    eventPattern: {
      source: ['aws.states'],
      detailType: ['Step Functions Execution Status Change'],
      detail: { stateMachineArn: [stateMachine.stateMachineArn], status: ['ABORTED', 'TIMED_OUT'] },
    },
  };
}
