import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import type { NightshiftConfig } from '../src/config/config.ts';
import { checkDefinition } from './check-definition.ts';
import { cachedTemplate } from './template-cache.ts';
import { readBucket, readMachine } from './template/machine.ts';
import { readResources } from './template/resources.ts';
import { readRoutes } from './template/routes.ts';
import { readRules, type EventRule } from './template/rules.ts';
import { readSchedules, type TemplateSchedule } from './template/schedules.ts';

export interface Machine {
  /** What the template calls the machine's ARN. */
  readonly arn: string;
  readonly definition: StateMachineDefinition;
  /** Which step a Task's resource is, by ARN. */
  readonly functions: ReadonlyMap<string, string>;
}

/** Everything of the synthesized stack that this machine runs. */
export interface LocalStack {
  readonly machine: Machine;
  /** What the template calls the data bucket. */
  readonly bucket: string;
  readonly rules: readonly EventRule[];
  readonly schedules: readonly TemplateSchedule[];
  readonly routes: readonly string[];
}

/** The state machine of the synthesized stack. */
export async function loadMachine(config: NightshiftConfig): Promise<Machine> {
  return machineOf(await loadTemplate(config));
}

/** {@link loadMachine} with its doors. */
export async function loadStack(config: NightshiftConfig): Promise<LocalStack> {
  const template = await loadTemplate(config);
  const resources = readResources(template);
  return {
    machine: machineOf(template),
    bucket: readBucket(resources),
    rules: readRules(resources),
    schedules: readSchedules(resources),
    routes: readRoutes(resources),
  };
}

export function machineOf(template: unknown): Machine {
  const { arn, definition, functions } = readMachine(readResources(template));
  return { arn, definition: definition as StateMachineDefinition, functions };
}

/** Only a template that is not kept needs the CDK, which takes a second to load. */
function loadTemplate(config: NightshiftConfig): Promise<unknown> {
  return cachedTemplate(config, { synthesize: synthesizeChecked });
}

async function synthesizeChecked(config: NightshiftConfig): Promise<unknown> {
  const { synthesizeTemplate } = await import('./synthesize.ts');
  const template = synthesizeTemplate(config);
  checkDefinition(machineOf(template).definition);
  return template;
}
