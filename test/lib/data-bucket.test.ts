import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { stackTemplate, templateOf } from './synthesized-stack.ts';

const DATA_BUCKET = { VersioningConfiguration: { Status: 'Enabled' } };

describe('the data bucket', () => {
  test('refuses every kind of public access and has no ACLs', () => {
    expect(stackTemplate()).toHaveProperties('AWS::S3::Bucket', {
      ...DATA_BUCKET,
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      AccessControl: Match.absent(),
    });
  });

  test('encrypts its objects with keys of S3', () => {
    expect(stackTemplate()).toHaveProperties('AWS::S3::Bucket', {
      ...DATA_BUCKET,
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
    });
  });

  test('sends its events to EventBridge natively, without a custom resource', () => {
    expect(stackTemplate()).toHaveProperties('AWS::S3::Bucket', {
      ...DATA_BUCKET,
      NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
    });
    expect(stackTemplate()).toHaveCount('Custom::S3BucketNotifications', 0);
  });

  test('deletes unfinished uploads and old versions of checkpoints after a day, checkpoints and other old versions after thirty days', () => {
    expect(stackTemplate()).toHaveProperties('AWS::S3::Bucket', {
      ...DATA_BUCKET,
      LifecycleConfiguration: {
        Rules: [
          Match.objectLike({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }),
          Match.objectLike({ Prefix: 'jobs/', ExpirationInDays: 30 }),
          ...['jobs/', 'room/', 'slots/', 'claims/'].map((Prefix) =>
            Match.objectLike({ Prefix, NoncurrentVersionExpiration: { NoncurrentDays: 1 } }),
          ),
          Match.objectLike({ Prefix: 'claims/', ExpirationInDays: 400 }),
          Match.objectLike({ NoncurrentVersionExpiration: { NoncurrentDays: 30 }, Prefix: Match.absent() }),
        ],
      },
    });
  });

  test('keeps checkpoints longer when jobs may run longer', () => {
    expect(templateOf({ limits: { jobDays: 60 } })).toHaveProperties('AWS::S3::Bucket', {
      ...DATA_BUCKET,
      LifecycleConfiguration: {
        Rules: Match.arrayWith([Match.objectLike({ Prefix: 'jobs/', ExpirationInDays: 122 })]),
      },
    });
  });

  test('keeps results and inputs: no rule expires objects below output/ or input/', () => {
    const [bucket] = Object.values(
      stackTemplate().findResources('AWS::S3::Bucket', { Properties: DATA_BUCKET }),
    );
    const rules: Record<string, unknown>[] = bucket?.['Properties'].LifecycleConfiguration.Rules;
    const expiring = rules.filter((rule) => 'ExpirationInDays' in rule);
    expect(expiring.map((rule) => rule['Prefix'])).toEqual(['jobs/', 'claims/']);
  });

  test('logs every access to a bucket of its own', () => {
    const [logBucket] = Object.keys(
      stackTemplate().findResources('AWS::S3::Bucket', {
        Properties: { VersioningConfiguration: Match.absent() },
      }),
    );
    expect(stackTemplate()).toHaveProperties('AWS::S3::Bucket', {
      ...DATA_BUCKET,
      LoggingConfiguration: { DestinationBucketName: { Ref: logBucket }, LogFilePrefix: 'data/' },
    });
  });
});

describe('both buckets', () => {
  test('outlive the stack', () => {
    expect(stackTemplate()).toHaveOnlyResources('AWS::S3::Bucket', {
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
    });
  });

  test('refuse plain HTTP and TLS below 1.2', () => {
    expect(stackTemplate()).toHaveOnlyProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          Match.objectLike({ Effect: 'Deny', Condition: { NumericLessThan: { 's3:TlsVersion': 1.2 } } }),
        ]),
      },
    });
  });
});
