import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal, type Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { StepNeeds } from './step-needs.ts';

/**
 * Allows the services that store a workflow's data to use its key: CloudWatch Logs for the log groups, EventBridge for the
 * dead-letter queue, CloudWatch for the alarm topic. An imported key keeps its policy, which must allow the same.
 */
export function allowServices(key: IKey, stack: Stack): void {
  const account = { 'aws:SourceAccount': stack.account };
  const logs = stack.formatArn({
    service: 'logs',
    resource: 'log-group',
    resourceName: '*',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  allow(key, `logs.${stack.region}.amazonaws.com`, {
    ArnLike: { 'kms:EncryptionContext:aws:logs:arn': logs },
  });
  allow(key, 'events.amazonaws.com', { StringEquals: account });
  allow(key, 'cloudwatch.amazonaws.com', { StringEquals: account });
}

function allow(key: IKey, service: string, conditions: Record<string, Record<string, string>>): void {
  const statement = new PolicyStatement({
    principals: [new ServicePrincipal(service)],
    actions: ['kms:Decrypt', 'kms:GenerateDataKey', ...(service.startsWith('logs.') ? LOGS_ALSO : [])],
    resources: ['*'],
    conditions,
  });
  key.addToResourcePolicy(statement, true);
}

const LOGS_ALSO = ['kms:Encrypt', 'kms:ReEncryptFrom', 'kms:ReEncryptTo', 'kms:DescribeKey'];

/** Allows a step's role to use the bucket's key for the objects that it reads and writes. */
export function grantKey(role: Role, key: IKey | undefined, needs: StepNeeds): void {
  const { reads = [], readsVersions = [], puts = [], streams = [] } = needs;
  const writes = puts.length + streams.length > 0;
  // Writing needs decryption as well: S3 decrypts the parts of an upload when it completes it.
  const decrypts = writes || reads.length + readsVersions.length > 0;
  if (decrypts) key?.grant(role, 'kms:Decrypt');
  if (writes) key?.grant(role, 'kms:GenerateDataKey');
}
