import { Template } from 'aws-cdk-lib/assertions';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { expect, test } from 'vitest';
import { NightshiftStack } from '../../lib/nightshift-stack.ts';
import { CONFIG, createApp } from './synthesized-stack.ts';
import { tableOf } from '../support/exhaustive.ts';

const REGIONS = RegionInfo.regions.map(({ name }) => name);

function templateIn(region: string, architecture?: Architecture): Template {
  const env = { account: '111122223333', region };
  const props = { env, config: CONFIG, ...(architecture && { architecture }) };
  return Template.fromStack(new NightshiftStack(createApp(), 'Nightshift', props));
}

test('the regions of this test are those of all partitions', () => {
  expect(REGIONS).toEqual(
    expect.arrayContaining(['us-east-1', 'cn-north-1', 'us-gov-west-1', 'ap-southeast-5', 'mx-central-1']),
  );
});

tableOf(REGIONS, 3).test('in %s the stack is synthesized, with functions on arm64', (region) => {
  expect(templateIn(region)).toHaveOnlyProperties('AWS::Lambda::Function', { Architectures: ['arm64'] });
});

test('in regions without arm64, the functions can run on x86', () => {
  const template = templateIn('us-east-1', Architecture.X86_64);
  expect(template).toHaveOnlyProperties('AWS::Lambda::Function', { Architectures: ['x86_64'] });
});
