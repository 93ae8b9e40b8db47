import { Rule } from 'aws-cdk-lib/aws-events';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { EventDelivery } from './event-delivery.ts';
import type { StepFunction } from './step-function.ts';

export interface StopTriggerProps {
  readonly stateMachine: StateMachine;
  readonly cancelJob: StepFunction;
  readonly delivery: EventDelivery;
}

/**
 * Cancels the job of an execution that was aborted or timed out, because its open batches still cost money. A failed execution's
 * batches are not cancelled, because a resume collects them.
 */
export class StopTrigger extends Construct {
  constructor(scope: Construct, id: string, { stateMachine, cancelJob, delivery }: StopTriggerProps) {
    super(scope, id);
    const rule = new Rule(this, 'Rule', {
      description: 'Nightshift: an execution that was stopped cancels its job',
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { stateMachineArn: [stateMachine.stateMachineArn], status: ['ABORTED', 'TIMED_OUT'] },
      },
    });
    rule.addTarget(delivery.targetOf(cancelJob));
  }
}
