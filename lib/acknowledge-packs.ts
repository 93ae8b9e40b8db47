import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Rule packs of cdk-nag with which people check their stacks. */
const PACKS = ['HIPAA.Security', 'NIST.800.53.R5'] as const;

/**
 * Findings that no property resolves, each with the reason why it is acknowledged. The other findings, and the properties that
 * resolve them, are in `docs/construct.md`.
 */
const MEANT: Readonly<Record<string, string>> = {
  IAMNoInlinePolicy: 'Each role has one policy of its own, which nobody else shares.',
  LambdaDLQ:
    'The machine calls the steps and reports their failures; functions that events call send theirs to the dead-letter queue.',
  S3BucketReplicationEnabled: 'The owner decides where a copy is stored: pass a bucket with replication.',
  SecretsManagerRotationEnabled:
    "A provider's key is made on its website; there is no API a rotation could call.",
};

/** Acknowledges these findings of the packs for everything below a workflow. */
export function acknowledgePacks(workflow: IConstruct): void {
  acknowledge(workflow, MEANT);
}

/** Acknowledges the findings about the bucket of the access logs. */
export function acknowledgeAccessLogs(bucket: IConstruct): void {
  acknowledge(bucket, {
    S3BucketVersioningEnabled: 'S3 writes each access log once, and nobody overwrites it.',
    S3DefaultEncryptionKMS: 'S3 cannot deliver access logs to a bucket with a customer-managed key.',
  });
}

function acknowledge(scope: IConstruct, meant: Readonly<Record<string, string>>): void {
  for (const pack of PACKS)
    for (const [rule, reason] of Object.entries(meant))
      Validations.of(scope).acknowledge({ id: `${pack}-${rule}`, reason });
}
