import { z } from 'zod';
import { nextTime } from '../../src/requests/next-times.ts';
import type { Resource } from './resources.ts';

/** An EventBridge Scheduler schedule: when, and what goes to which function. */
export interface TemplateSchedule {
  readonly name: string;
  readonly expression: string;
  readonly timezone: string;
  /** ARN of the function. */
  readonly target: string;
  /** JSON, with the scheduled time still to be filled in. */
  readonly input: string;
}

const scheduleSchema = z.object({
  State: z.literal('ENABLED'),
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.string(),
  Target: z.object({ Arn: z.string(), Input: z.string() }),
});

/** The hourly sweep names no schedule: here no drop is lost, for the folder is read when the host starts. */
const inputSchema = z.object({ schedule: z.string().optional() });

export function readSchedules(resources: readonly Resource[]): TemplateSchedule[] {
  return resources
    .filter(({ type }) => type === 'AWS::Scheduler::Schedule')
    .flatMap(({ properties }) => {
      const { ScheduleExpression, ScheduleExpressionTimezone, Target } = scheduleSchema.parse(properties);
      const name = inputSchema.parse(JSON.parse(Target.Input)).schedule;
      if (name === undefined) return [];
      const [target, input] = [Target.Arn, Target.Input];
      return [{ name, expression: ScheduleExpression, timezone: ScheduleExpressionTimezone, target, input }];
    });
}

/** What the function is called with at a scheduled time, milliseconds since 1970. */
export function inputAt({ input }: TemplateSchedule, time: number): unknown {
  const iso = new Date(time).toISOString().replace('.000Z', 'Z');
  return JSON.parse(input.replaceAll('<aws.scheduler.scheduled-time>', iso));
}

/**
 * When a schedule fires next after a time. A rate counts from 1970, and not from this host's start: a machine that is
 * started every morning has its daily job, too.
 */
export function nextFire({ expression, timezone }: TemplateSchedule, after: number): number | undefined {
  return nextTime(expression, timezone, { after, start: 0 });
}
