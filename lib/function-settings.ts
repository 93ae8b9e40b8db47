import { RemovalPolicy } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Architecture } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays, type LogGroupProps } from 'aws-cdk-lib/aws-logs';
import type { StepName } from './step-table.ts';

/** Settings of every log group of a workflow. */
export interface LogSettings {
  /** @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays | undefined;
  /** @default RemovalPolicy.DESTROY */
  readonly removalPolicy?: RemovalPolicy | undefined;
  /** @default - CloudWatch's own key */
  readonly encryptionKey?: IKey | undefined;
}

/** Common settings of a workflow's functions. */
export interface FunctionSettings extends LogSettings {
  readonly architecture: Architecture;
  readonly vpc?: IVpc | undefined;
  readonly subnets?: SubnetSelection | undefined;
  readonly securityGroups?: ISecurityGroup[] | undefined;
  readonly reservedConcurrency?: ReservedConcurrency | undefined;
}

/** Reserved concurrency for every function, or by function name. */
export type ReservedConcurrency = number | Readonly<Partial<Record<StepName, number>>>;

/** Properties of a log group. Logs are removed with the stack, unless the removal policy keeps them. */
export function logGroupProps({ logRetention, removalPolicy, encryptionKey }: LogSettings): LogGroupProps {
  return {
    retention: logRetention ?? RetentionDays.ONE_MONTH,
    removalPolicy: removalPolicy ?? RemovalPolicy.DESTROY,
    ...(encryptionKey && { encryptionKey }),
  };
}

export function reservedFor(step: StepName, reserved: ReservedConcurrency | undefined): number | undefined {
  return typeof reserved === 'object' ? reserved[step] : reserved;
}
