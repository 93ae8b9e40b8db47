import { Duration } from 'aws-cdk-lib';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { Construct } from 'constructs';
import type { EventDelivery } from './event-delivery.ts';
import type { StepFunction } from './step-function.ts';

export interface SweepTriggerProps {
  readonly startJob: StepFunction;
  readonly delivery: EventDelivery;
}

/** Once an hour, files below `input/` that have no job get one: an event that was lost is only late. */
export class SweepTrigger extends Construct {
  constructor(scope: Construct, id: string, { startJob, delivery }: SweepTriggerProps) {
    super(scope, id);
    const rule = new Rule(this, 'Rule', {
      description: 'Nightshift: once an hour, files below input/ that have no job get one',
      schedule: Schedule.rate(Duration.hours(1)),
    });
    rule.addTarget(delivery.targetOf(startJob, RuleTargetInput.fromObject({ sweep: true })));
  }
}
