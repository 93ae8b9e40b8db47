import type { RemovalPolicy } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Architecture } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { NightshiftConfig } from '../src/config/config.ts';
import type { ReservedConcurrency } from './function-settings.ts';
import type { ApiProps } from './jobs-api.ts';
import type { ProviderKeys } from './provider-keys.ts';
import type { WebhookProps } from './webhook.ts';

/** Properties of a workflow: the treatment of rows (`config`), and its deployment (all others). */
export interface BatchWorkflowProps {
  /**
   * Profiles, providers, schedules and limits, from `nightshift.config.ts`. Deployed beside the code of the functions that start
   * jobs; contains no keys.
   */
  readonly config: NightshiftConfig;
  /**
   * An existing bucket for inputs, checkpoints and results. It must send its events to EventBridge, and should be versioned.
   * @default - a new bucket: private, encrypted, versioned, with access logs and lifecycle rules
   */
  readonly bucket?: IBucket;
  /**
   * Encrypts the new bucket, secrets, log groups, the dead-letter queue and the alarm topic. With an existing bucket: the key of
   * its objects, unless the bucket object has it. The policy of an imported key must allow CloudWatch Logs, EventBridge and
   * CloudWatch.
   * @default - keys of AWS
   */
  readonly encryptionKey?: IKey;
  /**
   * The secret with the providers' keys: a JSON object `{"<provider>": "<key>"}`.
   * @default - a new secret with `{}`, to be filled by hand
   */
  readonly providerKeys?: ProviderKeys;
  /**
   * The URL to which the end of each job is posted, and the secret that signs the posts.
   * @default - the `webhook` of the configuration
   */
  readonly webhook?: WebhookProps;
  /**
   * The VPC of the functions. They must be able to reach the provider, S3, Secrets Manager, Step Functions, EventBridge and
   * X-Ray.
   * @default - no VPC
   */
  readonly vpc?: IVpc;
  /**
   * Subnets of the VPC.
   * @default - its private subnets
   */
  readonly subnets?: SubnetSelection;
  /**
   * Security groups of the functions.
   * @default - a new one per function, which allows all outbound traffic
   */
  readonly securityGroups?: ISecurityGroup[];
  /**
   * Processor of the functions. arm64 costs a fifth less; a few regions have only x86.
   * @default Architecture.ARM_64
   */
  readonly architecture?: Architecture;
  /**
   * Reserved concurrency for each function, or by function name: `{ 'upload-file': 5 }`. It is also the upper limit.
   * @default - none: the functions share the account's concurrency
   */
  readonly reservedConcurrency?: ReservedConcurrency;
  /**
   * How long logs are kept.
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
  /**
   * What happens to the bucket with its objects, the access logs and the secrets when the stack is removed. `DESTROY` empties the
   * buckets first. Every deploy keeps versions of functions and of the state machine, because jobs may run on them.
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, and DESTROY for logs
   */
  readonly removalPolicy?: RemovalPolicy;
  /**
   * Topic for alarms and for their ends.
   * @default - the targets in the configuration's `alarms`
   */
  readonly alarmTopic?: ITopic;
  /**
   * Further actions of alarms.
   * @default - none
   */
  readonly alarmActions?: IAlarmAction[];
  /**
   * The HTTP API; `false` for no API.
   * @default - an API for requests that are signed with AWS credentials, or as the configuration's `api` says
   */
  readonly api?: false | ApiProps;
  /**
   * False for no alarms, dashboard and saved queries.
   * @default true
   */
  readonly operations?: boolean;
}

/** Every property, by name: the compiler reports a missing one. */
export const WORKFLOW_PROPS: Readonly<Record<keyof BatchWorkflowProps, true>> = {
  config: true,
  bucket: true,
  encryptionKey: true,
  providerKeys: true,
  webhook: true,
  vpc: true,
  subnets: true,
  securityGroups: true,
  architecture: true,
  reservedConcurrency: true,
  logRetention: true,
  removalPolicy: true,
  alarmTopic: true,
  alarmActions: true,
  api: true,
  operations: true,
};
