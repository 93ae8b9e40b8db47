import { Match } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { NightshiftStack } from '../../lib/nightshift-stack.ts';
import { CONFIG, createApp, stackTemplate } from './synthesized-stack.ts';

test.each([
  ['BucketName', /DataBucket/],
  ['FirstJob', /nightshift submit/],
  ['InputLocation', /s3:\/\/.*DataBucket.*\/input\//],
  ['StateMachineArn', /StateMachine/],
  ['ProviderKeysSecretArn', /ProviderKeys/],
  ['ApiUrl', /HttpApi/],
  ['DeadLetterQueueUrl', /EventsDeadLetters/],
])('the output %s has a description', (name, value) => {
  const output = stackTemplate().findOutputs(name)[name];
  expect(output?.['Description']).toMatch(/^[A-Z].{20,}/);
  expect(JSON.stringify(output?.['Value'])).toMatch(value);
});

test('the secret is deployed without a key and outlives the stack', () => {
  expect(stackTemplate()).toHaveCount('AWS::SecretsManager::Secret', 1);
  expect(stackTemplate()).toHaveResource('AWS::SecretsManager::Secret', {
    Properties: { SecretString: '{}', GenerateSecretString: Match.absent() },
    DeletionPolicy: 'RetainExceptOnCreate',
    UpdateReplacePolicy: 'Retain',
  });
});

test('the stack can be deployed to any account and region', () => {
  const { environment } = new NightshiftStack(createApp(), 'Nightshift', { config: CONFIG });
  expect(environment).toBe('aws://unknown-account/unknown-region');
});

test('the stack has no resource that only the CDK needs: its one custom resource calls our own function', () => {
  expect(stackTemplate()).toHaveCount('AWS::CDK::Metadata', 0);
  const types = Object.values((stackTemplate().toJSON() as { Resources: object }).Resources).map(
    ({ Type }: { Type: string }) => Type,
  );
  expect(types.filter((type) => type.startsWith('Custom::'))).toEqual(['Custom::NightshiftConfig']);
  expect(types.filter((type) => type === 'AWS::Lambda::Function')).toHaveLength(14);
});
