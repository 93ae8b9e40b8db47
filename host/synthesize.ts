import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { NightshiftStack } from '../lib/nightshift-stack.ts';
import type { NightshiftConfig } from '../src/config/config.ts';

/** Synthesizes the template of the stack. Bundles no Lambda for it, which saves about two seconds. */
export function synthesizeTemplate(config: NightshiftConfig): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-synth-'));
  // The CDK's check of the template takes 3 of 5 s; `npm run synth` and the deploy check deployed templates.
  process.env['CDK_VALIDATION'] ??= 'false';
  try {
    const context = { 'aws:cdk:bundling-stacks': [] };
    const app = new App({ outdir: folder, analyticsReporting: false, context });
    const stack = new NightshiftStack(app, 'Nightshift', { config });
    return app.synth().getStackByName(stack.stackName).template as unknown;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
