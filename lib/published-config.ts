import { createHash } from 'node:crypto';
import { CustomResource, Duration } from 'aws-cdk-lib';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { NightshiftConfig } from '../src/config/config.ts';
import { publishedConfig } from '../src/config/published-config.ts';
import type { StepFunction } from './step-function.ts';

export interface PublishedConfigProps {
  readonly config: NightshiftConfig;
  readonly publish: StepFunction;
  readonly bucket: IBucket;
}

/**
 * Writes the configuration into the bucket at every deploy that changes it. Command lines read it there, so that a submitted
 * job uses the deployed configuration.
 */
export class PublishedConfig extends Construct {
  constructor(scope: Construct, id: string, { config, publish, bucket }: PublishedConfigProps) {
    super(scope, id);
    const text = JSON.stringify(publishedConfig(config));
    // oxlint-disable-next-line no-new -- it adds itself to the stack
    new CustomResource(this, 'Resource', {
      resourceType: 'Custom::NightshiftConfig',
      serviceToken: publish.lambda.functionArn,
      // The function only writes one small object. Without a limit, CloudFormation would wait an hour for a function that cannot
      // answer.
      serviceTimeout: Duration.minutes(5),
      properties: {
        Hash: createHash('sha256').update(text).digest('hex'),
        // A change of the bucket must also write the configuration.
        Bucket: bucket.bucketName,
      },
    });
  }
}
