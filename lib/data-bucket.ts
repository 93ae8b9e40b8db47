import { CfnResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  CfnBucket,
  ObjectOwnership,
  type BucketProps,
  type IBucket,
} from 'aws-cdk-lib/aws-s3';
import { Construct, type IConstruct } from 'constructs';
import { acknowledgeAccessLogs } from './acknowledge-packs.ts';
import { keptProps, type Kept } from './kept.ts';
import { checkpointDays } from '../src/config/limits.ts';

const PRIVATE = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
} satisfies BucketProps;

export interface DataBucketProps extends Kept {
  /** Most days that a job may run. */
  readonly jobDays: number;
}

/** The bucket of a workflow: inputs, checkpoints and results by prefix. It sends an event to EventBridge for every new object. */
export class DataBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { jobDays, ...kept }: DataBucketProps) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      ...PRIVATE,
      ...keptBucket(kept),
      ...encryptionOf(kept),
      // The version id identifies a dropped file's job, however often its event is delivered.
      versioned: true,
      lifecycleRules: [
        { id: 'drop-unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
        // Results below output/ do not expire.
        {
          id: 'forget-checkpoints',
          prefix: 'jobs/',
          expiration: Duration.days(checkpointDays(jobDays)),
        },
        // Progress is rewritten at each poll, and the rows of an ended job are deleted.
        ...['jobs/', 'room/', 'slots/', 'claims/'].map((prefix) => ({
          id: `forget-old-versions-of-${prefix.slice(0, -1)}`,
          prefix,
          noncurrentVersionExpiration: Duration.days(1),
        })),
        {
          id: 'forget-claims',
          prefix: 'claims/',
          // Schedules claim no file that is older than a year (`src/requests/claims.ts`).
          expiration: Duration.days(400),
        },
        {
          // Old versions of inputs that were overwritten: a job reads the version for which it was started.
          id: 'forget-old-versions',
          noncurrentVersionExpiration: Duration.days(30),
          expiredObjectDeleteMarker: true,
        },
      ],
    });
    this.configure(kept);
    this.node.addValidation({ validate: () => rejectNotifications(this.bucket) });
  }

  /**
   * Replaces two CDK properties that add too much: `eventBridgeEnabled` adds a custom resource whose Lambda may change every
   * bucket, and `serverAccessLogsBucket` adds an ACL unless the app has set a feature flag.
   */
  private configure(kept: Kept): void {
    const resource = this.bucket.node.defaultChild;
    if (!(resource instanceof CfnBucket)) throw new TypeError('A Bucket has no CfnBucket any more.');
    resource.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
    resource.loggingConfiguration = {
      destinationBucketName: this.createAccessLogs(kept).bucketName,
      logFilePrefix: ACCESS_LOG_PREFIX,
    };
  }

  private createAccessLogs(kept: Kept): Bucket {
    const accessLogs = new Bucket(this, 'AccessLogs', {
      ...PRIVATE,
      ...keptBucket(kept),
      // S3 cannot deliver access logs to a bucket with a customer-managed key.
      encryption: BucketEncryption.S3_MANAGED,
      lifecycleRules: [{ id: 'forget-access-logs', expiration: Duration.days(365) }],
    });
    acknowledgeAccessLogs(accessLogs);
    accessLogs.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('logging.s3.amazonaws.com')],
        actions: ['s3:PutObject'],
        resources: [accessLogs.arnForObjects(`${ACCESS_LOG_PREFIX}*`)],
        conditions: {
          ArnLike: { 'aws:SourceArn': this.bucket.bucketArn },
          StringEquals: { 'aws:SourceAccount': Stack.of(this).account },
        },
      }),
    );
    return accessLogs;
  }
}

const ACCESS_LOG_PREFIX = 'data/';

/** Keeps the bucket, which holds paid results, when the stack is removed. With the removal policy DESTROY, deletes all of it. */
function keptBucket(kept: Kept): BucketProps {
  const { removalPolicy } = keptProps(kept);
  return { removalPolicy, autoDeleteObjects: removalPolicy === RemovalPolicy.DESTROY };
}

function encryptionOf({ encryptionKey }: Kept): BucketProps {
  if (encryptionKey === undefined) return { encryption: BucketEncryption.S3_MANAGED };
  // With a bucket key, KMS is called occasionally and not for every object.
  return { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true };
}

/**
 * Reports a bucket of the same app that sends no events to EventBridge: dropped files would start no job. For an imported bucket
 * this cannot be checked.
 */
export function rejectSilentBucket(bucket: IBucket): string[] {
  const resource = bucket.node.defaultChild;
  if (!(resource instanceof CfnBucket) || sendsEvents(bucket, resource)) return [];
  return [
    `The bucket ${bucket.node.path} does not send its events to EventBridge, so a file dropped there would start no job. ` +
      'Create it with eventBridgeEnabled: true.',
  ];
}

/**
 * True if a bucket sends its events to EventBridge. Notifications that the CDK manages cannot be read here, so for such a bucket
 * events are assumed.
 */
function sendsEvents(bucket: IBucket, { notificationConfiguration: own }: CfnBucket): boolean {
  if (own !== undefined && 'eventBridgeConfiguration' in own) return true;
  return hasManagedNotifications(bucket);
}

/** True if the CDK adds a resource that sets the bucket's notifications. */
function hasManagedNotifications({ node }: IConstruct): boolean {
  const notifications = node.tryFindChild('Notifications');
  return notifications?.node.findAll().some((child) => CfnResource.isCfnResource(child)) === true;
}

/**
 * Rejects `bucket.addEventNotification()`: its custom resource replaces all notifications of the bucket at deploy time, so
 * EventBridge would no longer get events of dropped files.
 */
function rejectNotifications(bucket: Bucket): string[] {
  if (!hasManagedNotifications(bucket)) return [];
  return [
    'The data bucket must not have event notifications of its own: they would replace those to EventBridge, which start jobs. ' +
      "Add a rule to the default event bus instead, for detailType 'Object Created' of this bucket.",
  ];
}
