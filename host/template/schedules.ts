import { z } from 'zod';
import { nextTime } from '../../src/requests/next-times.ts';
import type { Resource } from './resources.ts';

/** An EventBridge Scheduler schedule: its times, its target function and its input. */
export interface TemplateSchedule {
  readonly name: string;
  readonly expression: string;
  readonly timezone: string;
  /** ARN of the function. */
  readonly target: string;
  /** JSON, with a placeholder for the scheduled time. */
  readonly input: string;
}

const scheduleSchema = z.object({
  State: z.literal('ENABLED'),
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.string(),
  Target: z.object({ Arn: z.string(), Input: z.string() }),
});

/** The hourly sweep names no schedule. It is not needed here, because the host reads the whole folder when it starts. */
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

/** The function's input for a scheduled time, milliseconds since 1970. */
export function inputAt({ input }: TemplateSchedule, time: number): unknown {
  const iso = new Date(time).toISOString().replace('.000Z', 'Z');
  return JSON.parse(input.replaceAll('<aws.scheduler.scheduled-time>', iso));
}

/**
 * The next time of a schedule. A rate counts from 1970, not from this host's start, so that a machine which is started every
 * morning also runs its daily job.
 */
export function nextFire({ expression, timezone }: TemplateSchedule, after: number): number | undefined {
  return nextTime(expression, timezone, { after, start: 0 });
}
