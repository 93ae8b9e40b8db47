import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { readBucket, readMachine } from './machine.ts';
import { readResources } from './resources.ts';
import { readRoutes } from './routes.ts';
import { readRules, type EventRule } from './rules.ts';
import { readSchedules, type TemplateSchedule } from './schedules.ts';

export interface Machine {
  /** The machine's ARN in the template. */
  readonly arn: string;
  readonly definition: StateMachineDefinition;
  /** Steps by the ARN of a Task's resource. */
  readonly functions: ReadonlyMap<string, string>;
}

/** Everything of the synthesized stack that this machine runs. */
export interface LocalStack {
  readonly machine: Machine;
  /** The data bucket's name in the template. */
  readonly bucket: string;
  readonly rules: readonly EventRule[];
  readonly schedules: readonly TemplateSchedule[];
  readonly routes: readonly string[];
}

export function machineOf(template: unknown): Machine {
  const { arn, definition, functions } = readMachine(readResources(template));
  return { arn, definition: definition as StateMachineDefinition, functions };
}

export function readStack(template: unknown): LocalStack {
  const resources = readResources(template);
  return {
    machine: machineOf(template),
    bucket: readBucket(resources),
    rules: readRules(resources),
    schedules: readSchedules(resources),
    routes: readRoutes(resources),
  };
}
