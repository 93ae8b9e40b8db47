/** @module-tag exhaustive */
import { Validations, type App } from 'aws-cdk-lib';
import { AwsSolutionsChecks, NagRuleCompliance, type IApplyRule } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { NightshiftStack } from '../../lib/nightshift-stack.ts';
import type { NightshiftConfig } from '../../src/config/config.ts';
import { CONFIG, createApp } from './synthesized-stack.ts';

const SCHEDULES = {
  nightly: { cron: '0 22 * * ? *', prefix: 'staged/' },
  hourly: { rate: '1 hour', prefix: 'staged/' },
};

const JWT = { issuer: 'https://issuer.example', audience: ['nightshift'] };

describe.each<[string, Partial<NightshiftConfig>]>([
  ['nothing but profiles configured', {}],
  ['schedules configured', { schedules: SCHEDULES }],
  ['a token issuer configured', { api: { jwt: JWT } }],
  ['an address for alarms configured', { alarms: { email: 'oncall@example.com' } }],
  ['a webhook configured', { webhook: { url: 'https://hooks.example/nightshift' } }],
  [
    "a webhook with somebody's secret configured",
    { webhook: { url: 'https://hooks.example/n', secretName: 'n' } },
  ],
])('with %s', (_, change) => {
  function createNightshift(): App {
    const app = createApp();
    const stack = new NightshiftStack(app, 'Nightshift', { config: { ...CONFIG, ...change } });
    expect(stack.stackName).toBe('Nightshift');
    return app;
  }

  test('all findings of AwsSolutions are acknowledged', () => {
    const app = createNightshift();
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
    expect(() => app.synth()).not.toThrow();
  });

  test('every acknowledged finding has its reason and is still found', () => {
    const app = createNightshift();
    app.synth();
    const checks = new EverythingFound(app);
    checks.validateScope(app);
    const acknowledged = acknowledgements(app);
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(acknowledged.map(([id]) => id).filter((id) => !checks.found.has(id))).toEqual([]);
    expect(acknowledged.filter(([, reason]) => reason.length < 20)).toEqual([]);
  });
});

/** Collects all findings of the rules, acknowledged or not. */
class EverythingFound extends AwsSolutionsChecks {
  readonly found = new Set<string>();

  protected override applyRule(check: IApplyRule): void {
    const id = `AwsSolutions-${check.ruleSuffixOverride ?? check.rule.name}`;
    const result = check.rule(check.node);
    if (Array.isArray(result)) for (const finding of result) this.found.add(`${id}[${finding}]`);
    else if (result === NagRuleCompliance.NON_COMPLIANT) this.found.add(id);
  }
}

function acknowledgements(app: App): [id: string, reason: string][] {
  const entries = app.node.findAll().flatMap(({ node }) => node.metadata);
  return (
    entries
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(z.record(z.string(), z.string()).parse(data)))
      .map(([id, reason]): [string, string] => [id.replace(/^annotation::/i, ''), reason])
      // Acknowledgements of other packs are unused here.
      .filter(([id]) => id.startsWith('AwsSolutions-'))
  );
}
