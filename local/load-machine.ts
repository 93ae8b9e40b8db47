import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { NightshiftStack } from '../lib/nightshift-stack.ts';
import type { NightshiftConfig } from '../src/config/config.ts';
import { definitionFromTemplate } from './definition.ts';

export interface Machine {
  readonly definition: StateMachineDefinition;
  /** Which step a Task's resource is, by ARN. */
  readonly functions: ReadonlyMap<string, string>;
}

/** A synthesized stack: its template, and the folder its assets are in. */
export interface Synthesized {
  readonly template: unknown;
  readonly folder: string;
}

/** The state machine of the synthesized stack. Nothing is bundled for it, which takes about two seconds less. */
export async function loadMachine(config: NightshiftConfig): Promise<Machine> {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-synth-'));
  try {
    return machineOf(synthesize(config, folder, { 'aws:cdk:bundling-stacks': [] }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Synthesizes the stack with its Lambdas bundled as they are deployed. */
export function synthesizeBundles(config: NightshiftConfig, folder: string): Synthesized {
  return synthesize(config, folder, { 'aws:cdk:enable-asset-metadata': true });
}

export function machineOf({ template }: Synthesized): Machine {
  const { definition, functions } = definitionFromTemplate(template);
  return { definition: definition as StateMachineDefinition, functions };
}

function synthesize(config: NightshiftConfig, folder: string, context: Record<string, unknown>): Synthesized {
  const app = new App({ outdir: folder, analyticsReporting: false, context });
  const stack = new NightshiftStack(app, 'Nightshift', { config });
  return { template: app.synth().getStackByName(stack.stackName).template, folder };
}
