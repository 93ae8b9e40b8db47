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

/** No stack is bundled: these tests are about the template, and bundling takes seconds. */
const SKIP_BUNDLING = { 'aws:cdk:bundling-stacks': [] };

/** An app with the feature flags it is deployed with. */
export function createApp(): App {
  const cdkJson = new URL('../../cdk.json', import.meta.url);
  const { context } = z
    .object({ context: z.record(z.string(), z.unknown()) })
    .parse(JSON.parse(readFileSync(cdkJson, 'utf8')));
  return new App({ analyticsReporting: false, context: { ...context, ...SKIP_BUNDLING } });
}

/** An app of somebody else's, who has set no feature flag. */
export function createForeignApp(): App {
  return new App({ analyticsReporting: false, context: SKIP_BUNDLING });
}

const templates = new Map<string, Template>();

/** The template of a stack that is configured like this. Synthesized once per test file; nothing changes it. */
export function templateOf(change: Partial<NightshiftConfig>): Template {
  const config = { ...CONFIG, ...change };
  const known = templates.get(JSON.stringify(config));
  if (known !== undefined) return known;
  const template = Template.fromStack(new NightshiftStack(createApp(), 'Nightshift', { config }));
  templates.set(JSON.stringify(config), template);
  return template;
}

/** {@link templateOf} the least that has to be configured. */
export function stackTemplate(): Template {
  return templateOf({});
}

export function stackMachine(): TemplateMachine {
  return readMachine(readResources(stackTemplate().toJSON()));
}
