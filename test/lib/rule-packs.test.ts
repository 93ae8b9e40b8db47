import { readFileSync } from 'node:fs';
import { Stack, Validations, type App } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { HIPAASecurityChecks, NagRuleCompliance, NIST80053R5Checks, type IApplyRule } from 'cdk-nag';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { BatchWorkflow } from '../../lib/batch-workflow.ts';
import type { BatchWorkflowProps } from '../../lib/workflow-props.ts';
import { CONFIG, createApp } from './synthesized-stack.ts';

const HARDENED = (stack: Stack): Partial<BatchWorkflowProps> => ({
  encryptionKey: new Key(stack, 'Key', { enableKeyRotation: true }),
  vpc: Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0',
    availabilityZones: ['a'],
    privateSubnetIds: ['subnet-0123456789abcdef0'],
    privateSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
  }),
  reservedConcurrency: 5,
  alarmTopic: Topic.fromTopicArn(stack, 'Topic', 'arn:aws:sns:eu-central-1:111122223333:alarms'),
});

function createWorkflow(change: (stack: Stack) => Partial<BatchWorkflowProps>): App {
  const app = createApp();
  const stack = new Stack(app, 'Theirs');
  const workflow = new BatchWorkflow(stack, 'Batches', { config: CONFIG, ...change(stack) });
  workflow.addOutputs();
  return app;
}

type Found = Map<string, number>;

const count = (found: Found, id: string): void => void found.set(id, (found.get(id) ?? 0) + 1);

/** Collects every finding of a pack at resources of the workflow. */
class Hipaa extends HIPAASecurityChecks {
  readonly found: Found = new Map();
  protected override applyRule(check: IApplyRule): void {
    note(this.found, check);
  }
}

class Nist extends NIST80053R5Checks {
  readonly found: Found = new Map();
  protected override applyRule(check: IApplyRule): void {
    note(this.found, check);
  }
}

function note(found: Found, check: IApplyRule): void {
  if (!check.node.node.path.startsWith('Theirs/Batches/')) return;
  const result = check.rule(check.node);
  if (result === NagRuleCompliance.NON_COMPLIANT || Array.isArray(result))
    count(found, check.ruleSuffixOverride ?? check.rule.name);
}

const PACKS = [
  ['HIPAA.Security', (app: App) => new Hipaa(app)],
  ['NIST.800.53.R5', (app: App) => new Nist(app)],
] as const;

const PLAIN = createWorkflow(() => ({}));
const HARD = createWorkflow(HARDENED);
for (const app of [PLAIN, HARD]) app.synth();

/**
 * Number of findings per rule in a plain workflow, and in one with every property that clears a finding. If a number grows, look at the new
 * resource.
 */
const FOUND = {
  CloudWatchAlarmAction: [12, 0],
  CloudWatchLogGroupEncrypted: [16, 0],
  IAMNoInlinePolicy: [17, 17],
  LambdaConcurrency: [14, 0],
  LambdaDLQ: [14, 14],
  LambdaInsideVPC: [14, 0],
  S3BucketReplicationEnabled: [2, 2],
  S3BucketVersioningEnabled: [1, 1],
  S3DefaultEncryptionKMS: [2, 1],
  SecretsManagerRotationEnabled: [1, 1],
  SecretsManagerUsingKMSKey: [1, 0],
} as const;

const counts = (column: 0 | 1): Record<string, number> =>
  Object.fromEntries(
    Object.entries(FOUND).flatMap(([rule, found]) => (found[column] === 0 ? [] : [[rule, found[column]]])),
  );

describe.each(PACKS)('%s', (pack, create) => {
  const findings = (app: App): Record<string, number> => {
    const checks = create(app);
    checks.validateScope(app);
    return Object.fromEntries(checks.found);
  };

  test('finds this in a workflow without further properties', () => {
    expect(findings(PLAIN)).toEqual(counts(0));
  });

  test('has only acknowledged findings if every property is set', () => {
    const left = findings(HARD);
    expect(left).toEqual(counts(1));
    const known = acknowledgements(HARD).filter((id) => id.startsWith(`${pack}-`));
    expect(new Set(known)).toEqual(new Set(Object.keys(left).map((rule) => `${pack}-${rule}`)));
  });
});

test('docs/construct.md names every finding', () => {
  const page = readFileSync(new URL('../../docs/construct.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split('\n## HIPAA and NIST\n');
  expect(Object.keys(FOUND).filter((rule) => !section.includes(`\`${rule}\``))).toEqual([]);
});

function acknowledgements(app: App): string[] {
  const entries = app.node.findAll().flatMap(({ node }) => node.metadata);
  return entries
    .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
    .flatMap(({ data }) => Object.keys(z.record(z.string(), z.string()).parse(data)))
    .map((id) => id.replace(/^annotation::/i, ''));
}
