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
 * Has every deploy that changes the configuration write it into the bucket, where command lines read it: a job that is submitted
 * is treated as what is deployed says.
 */
export class PublishedConfig extends Construct {
  constructor(scope: Construct, id: string, { config, publish, bucket }: PublishedConfigProps) {
    super(scope, id);
    const text = JSON.stringify(publishedConfig(config));
    // oxlint-disable-next-line no-new -- it adds itself to the stack
    new CustomResource(this, 'Resource', {
      resourceType: 'Custom::NightshiftConfig',
      serviceToken: publish.lambda.functionArn,
      // It is one small write. CloudFormation would wait an hour for a function that cannot answer.
      serviceTimeout: Duration.minutes(5),
      properties: {
        Hash: createHash('sha256').update(text).digest('hex'),
        // Another bucket needs it, too.
        Bucket: bucket.bucketName,
      },
    });
  }
}
