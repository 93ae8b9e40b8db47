import { readFileSync } from 'node:fs';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { z } from 'zod';
import { NightshiftStack } from '../../lib/nightshift-stack.ts';
import { readMachine, type TemplateMachine } from '../../host/template/machine.ts';
import { readResources } from '../../host/template/resources.ts';
import type { NightshiftConfig } from '../../src/config/config.ts';
// oxlint-disable-next-line import/no-unassigned-import -- it adds matchers for the template below
import './template-matchers.ts';

export const CONFIG: NightshiftConfig = {
  profiles: { default: { provider: 'melious', model: 'glm-4.7:batch' } },
};

/** Bundling takes seconds, and these tests only look at the template. */
const SKIP_BUNDLING = { 'aws:cdk:bundling-stacks': [] };

/** An app with the feature flags of a deploy. */
export function createApp(): App {
  const cdkJson = new URL('../../cdk.json', import.meta.url);
  const { context } = z
    .object({ context: z.record(z.string(), z.unknown()) })
    .parse(JSON.parse(readFileSync(cdkJson, 'utf8')));
  return new App({ analyticsReporting: false, context: { ...context, ...SKIP_BUNDLING } });
}

/** Another app, which sets no feature flag. */
export function createForeignApp(): App {
  return new App({ analyticsReporting: false, context: SKIP_BUNDLING });
}

const templates = new Map<string, Template>();

/** The template of a stack with this configuration. Synthesized once per test file, and never changed. */
export function templateOf(change: Partial<NightshiftConfig>): Template {
  const config = { ...CONFIG, ...change };
  const known = templates.get(JSON.stringify(config));
  if (known !== undefined) return known;
  const template = Template.fromStack(new NightshiftStack(createApp(), 'Nightshift', { config }));
  templates.set(JSON.stringify(config), template);
  return template;
}

/** {@link templateOf} the smallest configuration. */
export function stackTemplate(): Template {
  return templateOf({});
}

export function stackMachine(): TemplateMachine {
  return readMachine(readResources(stackTemplate().toJSON()));
}
