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
 * The schedules: one EventBridge schedule per entry of the configuration, and an hourly schedule that starts the missing jobs
 * of dropped files, so that a lost event only delays its job.
 */
export class Schedules extends Construct {
  constructor(scope: Construct, id: string, { schedules, startJob, delivery }: SchedulesProps) {
    super(scope, id);
    const target = { ...DELIVERY, role: this.createRole(startJob), deadLetterQueue: delivery.deadLetters };
    for (const [name, config] of Object.entries(schedules)) {
      const timezone = TimeZone.of(config.timezone ?? 'UTC');
      // People choose the names. The prefix keeps them from colliding with the role's id or with special ids of the CDK.
      // oxlint-disable-next-line no-new -- it adds itself to the stack
      new Schedule(this, `Schedule-${name}`, {
        description: `Nightshift: starts the job "${name}"`,
        schedule: ScheduleExpression.expression(scheduleExpression(config), timezone),
        target: new LambdaInvoke(startJob.lambda, {
          ...target,
          // The scheduled time, not the time of delivery, so that a repeated delivery is the same job.
          input: ScheduleTargetInput.fromObject({
            schedule: name,
            scheduledTime: ContextAttribute.scheduledTime,
          }),
        }),
      });
    }
    // oxlint-disable-next-line no-new -- it adds itself to the stack
    new Schedule(this, 'Sweep', {
      description: 'Nightshift: once an hour, starts jobs for files below input/ that have none',
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
