import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { EventType } from 'aws-cdk-lib/aws-s3';
import { SqsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { expect, test } from 'vitest';
import { BatchWorkflow } from '../../lib/batch-workflow.ts';
import type { BatchWorkflowProps } from '../../lib/workflow-props.ts';
import { readMachine } from '../../host/template/machine.ts';
import { readResources } from '../../host/template/resources.ts';
import { stackMachine, CONFIG, createForeignApp } from './synthesized-stack.ts';

/** The template of a stack with a workflow, in another app, which sets no feature flag. */
function foreignTemplate(props: (stack: Stack) => Partial<BatchWorkflowProps> = () => ({})): Template {
  const stack = new Stack(createForeignApp(), 'Theirs');
  const workflow = new BatchWorkflow(stack, 'Inference', { config: CONFIG, ...props(stack) });
  expect(workflow.node.path).toBe('Theirs/Inference');
  return Template.fromStack(stack);
}

const withoutIds = (machine: object): string =>
  JSON.stringify(machine)
    .replace(/function:\w+/g, 'function')
    .replace(/"Bucket":"\w+"/g, '"Bucket"');

test('in another stack, without feature flags, the machine is the same', () => {
  const { definition } = readMachine(readResources(foreignTemplate().toJSON()));
  expect(withoutIds(definition)).toBe(withoutIds(stackMachine().definition));
});

test('in another stack its roles have no managed policies and its bucket has no ACL', () => {
  const template = foreignTemplate();
  expect(template).toHaveOnlyProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent() });
  expect(template).toHaveOnlyProperties('AWS::S3::Bucket', { AccessControl: Match.absent() });
});

test('two workflows fit into one stack', () => {
  const stack = new Stack(createForeignApp(), 'Theirs');
  for (const id of ['One', 'Two']) expect(new BatchWorkflow(stack, id, { config: CONFIG }).node.id).toBe(id);
  expect(Template.fromStack(stack)).toHaveCount('AWS::StepFunctions::StateMachine', 2);
});

test('the number of shards at a time and the time limit of a job can be set', () => {
  const template = foreignTemplate(() => ({
    config: { ...CONFIG, limits: { shardsInFlight: 8, jobDays: 2 } },
  }));
  expect(readMachine(readResources(template.toJSON())).definition).toMatchObject({
    TimeoutSeconds: 172_800,
    States: { 'For each shard': { MaxConcurrency: 8 } },
  });
});

test.each(['addEventNotification', 'enableEventBridgeNotification'] as const)(
  '%s on the bucket, which would replace the notifications that start jobs, stops the synthesis',
  (method) => {
    const stack = new Stack(createForeignApp(), 'Theirs');
    const { bucket } = new BatchWorkflow(stack, 'Inference', { config: CONFIG });
    if (method === 'addEventNotification') {
      bucket.addEventNotification(EventType.OBJECT_CREATED, new SqsDestination(new Queue(stack, 'Queue')));
    } else bucket.enableEventBridgeNotification();
    expect(() => Template.fromStack(stack)).toThrow('must not have event notifications of its own');
  },
);

test('an existing secret is used and no other one is made', () => {
  const template = foreignTemplate((stack) => ({ providerKeys: new Secret(stack, 'TheirKeys') }));
  expect(template).toHaveCount('AWS::SecretsManager::Secret', 1);
  expect(template).toHaveProperties('AWS::Lambda::Function', {
    Environment: {
      Variables: { STEP: 'poll-batch', SECRET_ARN: { Ref: Match.stringLikeRegexp('TheirKeys') } },
    },
  });
});

test('a wrong configuration stops the synthesis with its path', () => {
  const config = { profiles: { default: { provider: 'nowhere' } } };
  expect(() => foreignTemplate(() => ({ config }))).toThrow('profiles.default.provider');
});
