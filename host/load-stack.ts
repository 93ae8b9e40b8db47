import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { NightshiftStack } from '../lib/nightshift-stack.ts';
import type { NightshiftConfig } from '../src/config/config.ts';
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

/** A synthesized stack: its template, and the folder its assets are in. */
export interface Synthesized {
  readonly template: unknown;
  readonly folder: string;
}

/** The state machine of the synthesized stack. Nothing is bundled for it, which takes about two seconds less. */
export async function loadMachine(config: NightshiftConfig): Promise<Machine> {
  return machineOf(await synthesizeTemplate(config));
}

/** {@link loadMachine} with its doors. */
export async function loadStack(config: NightshiftConfig): Promise<LocalStack> {
  const synthesized = await synthesizeTemplate(config);
  const resources = readResources(synthesized.template);
  return {
    machine: machineOf(synthesized),
    bucket: readBucket(resources),
    rules: readRules(resources),
    schedules: readSchedules(resources),
    routes: readRoutes(resources),
  };
}

/** Synthesizes the stack with its Lambdas bundled as they are deployed. */
export function synthesizeBundles(config: NightshiftConfig, folder: string): Synthesized {
  return synthesize(config, folder, { 'aws:cdk:enable-asset-metadata': true });
}

export function machineOf({ template }: Pick<Synthesized, 'template'>): Machine {
  const { arn, definition, functions } = readMachine(readResources(template));
  return { arn, definition: definition as StateMachineDefinition, functions };
}

async function synthesizeTemplate(config: NightshiftConfig): Promise<Synthesized> {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-synth-'));
  // The CDK's own check of the template takes 3 of 5 s; what is deployed is checked by `npm run synth` and the deploy.
  process.env['CDK_VALIDATION'] ??= 'false';
  try {
    return synthesize(config, folder, { 'aws:cdk:bundling-stacks': [] });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function synthesize(config: NightshiftConfig, folder: string, context: Record<string, unknown>): Synthesized {
  const app = new App({ outdir: folder, analyticsReporting: false, context });
  const stack = new NightshiftStack(app, 'Nightshift', { config });
  return { template: app.synth().getStackByName(stack.stackName).template, folder };
}
