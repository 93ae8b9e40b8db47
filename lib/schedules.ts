import { Stack, TimeZone } from 'aws-cdk-lib';
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

/** Jobs that start by themselves: one EventBridge schedule per entry of the configuration. */
export class Schedules extends Construct {
  constructor(scope: Construct, id: string, { schedules, startJob, delivery }: SchedulesProps) {
    super(scope, id);
    const entries = Object.entries(schedules);
    const role = entries.length > 0 ? this.createRole(startJob) : undefined;
    for (const [name, config] of entries) {
      const timezone = TimeZone.of(config.timezone ?? 'UTC');
      // People choose the names: with the word before them, none is the role's, and none means something to the CDK.
      // oxlint-disable-next-line no-new -- it adds itself to the stack
      new Schedule(this, `Schedule-${name}`, {
        description: `Nightshift: starts the job "${name}"`,
        schedule: ScheduleExpression.expression(scheduleExpression(config), timezone),
        target: new LambdaInvoke(startJob.lambda, {
          ...DELIVERY,
          ...(role && { role }),
          deadLetterQueue: delivery.deadLetters,
          // The time it fires for, not the time it is delivered: a delivery that is repeated is the same job.
          input: ScheduleTargetInput.fromObject({
            schedule: name,
            scheduledTime: ContextAttribute.scheduledTime,
          }),
        }),
      });
    }
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
