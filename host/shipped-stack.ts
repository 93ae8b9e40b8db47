import { jobDaysOf } from '../src/config/limits.ts';
import type { NightshiftConfig } from '../src/config/config.ts';
import { scheduleExpression } from '../src/requests/schedule.ts';
import type { LocalStack } from './template/local-stack.ts';
import type { TemplateSchedule } from './template/schedules.ts';

const SECONDS_PER_DAY = 86_400;
const MAP = 'For each shard';

/**
 * Adapts a stack that was synthesized with another configuration: sets the longest duration of a job, the number of shards at the
 * same time, and the schedules. `test/host/shipped-stack.test.ts` compares the result with a synthesis.
 */
export function configureStack(stack: LocalStack, config: NightshiftConfig): LocalStack {
  const { definition } = stack.machine;
  const { shardsInFlight = 100 } = config.limits ?? {};
  const map = { ...definition.States[MAP], MaxConcurrency: shardsInFlight };
  const configured = {
    ...definition,
    TimeoutSeconds: jobDaysOf(config) * SECONDS_PER_DAY,
    States: { ...definition.States, [MAP]: map },
  } as typeof definition;
  return {
    ...stack,
    machine: { ...stack.machine, definition: configured },
    schedules: schedulesOf(config, startJobArn(stack)),
  };
}

function schedulesOf({ schedules = {} }: NightshiftConfig, target: string): TemplateSchedule[] {
  return Object.entries(schedules).map(([name, schedule]) => ({
    name,
    expression: scheduleExpression(schedule),
    timezone: schedule.timezone ?? 'UTC',
    target,
    input: JSON.stringify({ schedule: name, scheduledTime: '<aws.scheduler.scheduled-time>' }),
  }));
}

function startJobArn({ machine }: LocalStack): string {
  for (const [arn, step] of machine.functions) if (step === 'start-job') return arn;
  throw new Error('The stack of the package has no function start-job. Install nightshift again.');
}
