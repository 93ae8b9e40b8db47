import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal, type Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { StepNeeds } from './step-table.ts';

/**
 * Lets the services that hold a workflow's data use its key: CloudWatch Logs for the log groups, EventBridge for the dead-letter queue,
 * CloudWatch for the topic of alarms. A key that is imported keeps its policy, which has to allow the same.
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

/** Lets a step's role read and write objects that are encrypted with the bucket's key, as far as it reads and writes any. */
export function grantKey(role: Role, key: IKey | undefined, needs: StepNeeds): void {
  const { reads = [], readsVersions = [], puts = [], streams = [] } = needs;
  const writes = puts.length + streams.length > 0;
  // Also to write: the parts of an upload are decrypted when it is completed.
  const decrypts = writes || reads.length + readsVersions.length > 0;
  if (decrypts) key?.grant(role, 'kms:Decrypt');
  if (writes) key?.grant(role, 'kms:GenerateDataKey');
}
