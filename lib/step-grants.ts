import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { EVENT_SOURCE } from '../src/announce/event-source.ts';
import { acknowledgeWildcards } from './acknowledge-wildcards.ts';
import type { StepNeeds } from './step-table.ts';

/** Gives a step's role what it needs in the bucket, by key pattern, and nothing else. */
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
  // S3 answers 404 for a missing key only to who may list the bucket, else 403, and a missing checkpoint is an answer
  // every step relies on. No condition on `s3:prefix`: a GetObject carries no such value, so it would never match.
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

/** The bus that every account has. */
export const EVENT_BUS = 'default';

/** Lets a role put this workflow's events on the account's default bus, and nobody else's. */
export function allowEvents(role: Role): void {
  const resources = [
    Stack.of(role).formatArn({ service: 'events', resource: 'event-bus', resourceName: EVENT_BUS }),
  ];
  const conditions = { StringEquals: { 'events:source': EVENT_SOURCE } };
  role.addToPolicy(new PolicyStatement({ actions: ['events:PutEvents'], resources, conditions }));
}

/** Lets a function in a VPC have its network interfaces. */
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

/** Says why a role that writes X-Ray traces names no resource. */
export function acknowledgeTracing(role: Role): void {
  acknowledgeWildcards(role, {
    resources: ['*'],
    reason: "X-Ray's actions know no resources, nor do those of the network interfaces in a VPC.",
  });
}
