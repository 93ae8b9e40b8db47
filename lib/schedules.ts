import { Duration, Stack, TimeZone } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ContextAttribute,
  Schedule,
  ScheduleExpression,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import type { ScheduleConfig } from '../src/config/schema.ts';
import { scheduleExpression } from '../src/requests/schedule.ts';
import { acknowledgeWildcards } from './acknowledge-wildcards.ts';
import { DELIVERY, type EventDelivery } from './event-delivery.ts';
import type { StepFunction } from './step-function.ts';

export interface SchedulesProps {
  readonly schedules: Readonly<Record<string, ScheduleConfig>>;
  readonly startJob: StepFunction;
  readonly delivery: EventDelivery;
}

/**
 * Jobs that start by themselves: one EventBridge schedule per entry of the configuration; and one that looks once an hour for
 * dropped files that have no job, so that an event that was lost is only late.
 */
export class Schedules extends Construct {
  constructor(scope: Construct, id: string, { schedules, startJob, delivery }: SchedulesProps) {
    super(scope, id);
    const target = { ...DELIVERY, role: this.createRole(startJob), deadLetterQueue: delivery.deadLetters };
    for (const [name, config] of Object.entries(schedules)) {
      const timezone = TimeZone.of(config.timezone ?? 'UTC');
      // People choose the names: with the word before them, none is the role's, and none means something to the CDK.
      // oxlint-disable-next-line no-new -- it adds itself to the stack
      new Schedule(this, `Schedule-${name}`, {
        description: `Nightshift: starts the job "${name}"`,
        schedule: ScheduleExpression.expression(scheduleExpression(config), timezone),
        target: new LambdaInvoke(startJob.lambda, {
          ...target,
          // The time it fires for, not the time it is delivered: a delivery that is repeated is the same job.
          input: ScheduleTargetInput.fromObject({
            schedule: name,
            scheduledTime: ContextAttribute.scheduledTime,
          }),
        }),
      });
    }
    // oxlint-disable-next-line no-new -- it adds itself to the stack
    new Schedule(this, 'Sweep', {
      description: 'Nightshift: once an hour, files below input/ that have no job get one',
      schedule: ScheduleExpression.rate(Duration.hours(1)),
      target: new LambdaInvoke(startJob.lambda, {
        ...target,
        input: ScheduleTargetInput.fromObject({ sweep: true }),
      }),
    });
  }

  private createRole({ lambda }: StepFunction): Role {
    const role = new Role(this, 'Role', {
      description: 'Nightshift: schedules start jobs',
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    });
    acknowledgeWildcards(role, {
      resources: [`${lambda.functionArn}:*`],
      reason: 'The versions and aliases of exactly the function that the schedules call.',
    });
    return role;
  }
}
