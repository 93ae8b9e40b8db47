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

/** A workflow: how rows are treated (`config`), and how it is deployed (everything else). */
export interface BatchWorkflowProps {
  /**
   * Profiles, providers, schedules and limits, as `nightshift.config.ts` has them. Deployed beside the code of the functions that
   * start jobs; holds no keys.
   */
  readonly config: NightshiftConfig;
  /**
   * A bucket that exists, for inputs, checkpoints and results. It has to send its events to EventBridge, and should be versioned.
   * @default - a new bucket: private, encrypted, versioned, with access logs and lifecycle rules
   */
  readonly bucket?: IBucket;
  /**
   * Encrypts the new bucket, secrets, log groups, the dead-letter queue and the topic of alarms. With a bucket that exists: the key of its
   * objects, unless the bucket knows it. The policy of an imported key has to allow CloudWatch Logs, EventBridge and CloudWatch.
   * @default - keys of AWS
   */
  readonly encryptionKey?: IKey;
  /**
   * The secret with the providers' keys: a JSON object `{"<provider>": "<key>"}`.
   * @default - a new secret holding `{}`, to be filled by hand
   */
  readonly providerKeys?: ProviderKeys;
  /**
   * Where jobs' ends are posted, and the secret that signs the posts.
   * @default - the `webhook` of the configuration
   */
  readonly webhook?: WebhookProps;
  /**
   * The network the functions run in. It has to lead to the provider, to S3, Secrets Manager, Step Functions, EventBridge and X-Ray.
   * @default - no network of yours
   */
  readonly vpc?: IVpc;
  /**
   * Subnets of the VPC.
   * @default - its private subnets
   */
  readonly subnets?: SubnetSelection;
  /**
   * Security groups of the functions.
   * @default - a new one per function, which lets everything out
   */
  readonly securityGroups?: ISecurityGroup[];
  /**
   * What the functions run on. arm64 costs a fifth less; a few regions have x86 alone.
   * @default Architecture.ARM_64
   */
  readonly architecture?: Architecture;
  /**
   * Executions reserved for each function, or for some by name: `{ 'upload-file': 5 }`. It is also the most that run at once.
   * @default - none: the functions share the account's
   */
  readonly reservedConcurrency?: ReservedConcurrency;
  /**
   * How long logs are kept.
   * @default RetentionDays.ONE_MONTH
   */
  readonly logRetention?: RetentionDays;
  /**
   * What becomes of the bucket with its objects, the access logs and the secrets when the stack is removed. `DESTROY` empties the
   * buckets first. Versions of functions and of the state machine are kept by every deploy: jobs may run on them.
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE, and DESTROY for logs
   */
  readonly removalPolicy?: RemovalPolicy;
  /**
   * A topic that alarms go to, and their ends.
   * @default - what `alarms` of the configuration names
   */
  readonly alarmTopic?: ITopic;
  /**
   * Other actions of alarms.
   * @default - none
   */
  readonly alarmActions?: IAlarmAction[];
  /**
   * The HTTP API; `false` for no API.
   * @default - an API for requests that are signed with AWS credentials, or as `api` of the configuration says
   */
  readonly api?: false | ApiProps;
  /**
   * Whether there are alarms, a dashboard and saved queries.
   * @default true
   */
  readonly operations?: boolean;
}

/** Every property, by name: the compiler sees to it that none is missing here. */
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
