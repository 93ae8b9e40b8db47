import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { EVENT_SOURCE } from '../src/announce/event-source.ts';
import { acknowledgeWildcards } from './acknowledge-wildcards.ts';
import type { StepNeeds } from './step-needs.ts';

/** Grants a step's role exactly what it needs in the bucket, by key pattern. */
export function grantObjects(role: Role, bucket: IBucket, needs: StepNeeds): void {
  const { reads = [], readsVersions = [], puts = [], streams = [], deletes = [] } = needs;
  allow(role, bucket, ['s3:GetObject'], [...reads, ...readsVersions]);
  allow(role, bucket, ['s3:GetObjectVersion'], readsVersions);
  allow(role, bucket, ['s3:PutObject'], [...puts, ...streams]);
  allow(role, bucket, ['s3:AbortMultipartUpload'], streams);
  allow(role, bucket, ['s3:DeleteObject'], deletes);
  if (reads.length > 0) allowListing(role, bucket);
}

function allowListing(role: Role, bucket: IBucket): void {
  // S3 answers 404 for a missing key only with permission to list the bucket, otherwise 403, and every step relies on missing
  // checkpoints. There is no condition on `s3:prefix`, because a GetObject has no such value and would never match.
  role.addToPolicy(new PolicyStatement({ actions: ['s3:ListBucket'], resources: [bucket.bucketArn] }));
}

function allow(role: Role, bucket: IBucket, actions: string[], keys: readonly string[]): void {
  if (keys.length === 0) return;
  const resources = keys.map((key) => bucket.arnForObjects(key));
  role.addToPolicy(new PolicyStatement({ actions, resources }));
  acknowledgeWildcards(role, {
    resources: keys.filter((key) => key.includes('*')).map((key) => bucket.arnForObjects(key)),
    reason:
      'Keys hold the names of profiles, files and jobs; the step may use exactly this part of the layout.',
  });
}

/** The event bus that every account has. */
export const EVENT_BUS = 'default';

/** Allows a role to put only this workflow's events on the account's default bus. */
export function allowEvents(role: Role): void {
  const resources = [
    Stack.of(role).formatArn({ service: 'events', resource: 'event-bus', resourceName: EVENT_BUS }),
  ];
  const conditions = { StringEquals: { 'events:source': EVENT_SOURCE } };
  role.addToPolicy(new PolicyStatement({ actions: ['events:PutEvents'], resources, conditions }));
}

/** Allows a function in a VPC to create its network interfaces. */
export function allowNetwork(role: Role): void {
  role.addToPolicy(
    new PolicyStatement({
      actions: [
        'ec2:AssignPrivateIpAddresses',
        'ec2:CreateNetworkInterface',
        'ec2:DeleteNetworkInterface',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeSubnets',
        'ec2:UnassignPrivateIpAddresses',
      ],
      resources: ['*'],
    }),
  );
}

/** Acknowledges that a role which writes X-Ray traces names no resource. */
export function acknowledgeTracing(role: Role): void {
  acknowledgeWildcards(role, {
    resources: ['*'],
    reason: 'The actions of X-Ray and of network interfaces in a VPC support no resource-level permissions.',
  });
}
