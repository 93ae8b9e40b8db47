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

/** Synthesizes the stack, without bundling its Lambdas, and takes the state machine out of the template. */
export async function loadMachine(config: NightshiftConfig): Promise<Machine> {
  const outdir = await mkdtemp(join(tmpdir(), 'nightshift-synth-'));
  try {
    const app = new App({ outdir, analyticsReporting: false, context: { 'aws:cdk:bundling-stacks': [] } });
    const stack = new NightshiftStack(app, 'Nightshift', { config });
    return machineFromTemplate(app.synth().getStackByName(stack.stackName).template);
  } finally {
    await rm(outdir, { recursive: true, force: true });
  }
}

export function machineFromTemplate(template: unknown): Machine {
  const { definition, functions } = definitionFromTemplate(template);
  return { definition: definition as StateMachineDefinition, functions };
}
