import { CfnResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  CfnBucket,
  ObjectOwnership,
  type BucketProps,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { checkpointDays } from '../src/config/limits.ts';

const PRIVATE = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
  encryption: BucketEncryption.S3_MANAGED,
  enforceSSL: true,
  minimumTLSVersion: 1.2,
  // It holds what was paid for: removing the stack never removes data.
  removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
} satisfies BucketProps;

export interface DataBucketProps {
  /** Days a job may run. */
  readonly jobDays: number;
}

/** The one bucket of a workflow: inputs, checkpoints and results by prefix; it tells EventBridge of every new object. */
export class DataBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { jobDays }: DataBucketProps) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      ...PRIVATE,
      // The version id is what makes a dropped file one job, however often its event is delivered.
      versioned: true,
      lifecycleRules: [
        { id: 'drop-unfinished-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
        // Results are under output/ and stay.
        {
          id: 'forget-checkpoints',
          prefix: 'jobs/',
          expiration: Duration.days(checkpointDays(jobDays)),
        },
        // Progress is written anew at each poll, and the rows of a job that came to its end are deleted.
        ...['jobs/', 'slots/', 'claims/'].map((prefix) => ({
          id: `forget-old-versions-of-${prefix.slice(0, -1)}`,
          prefix,
          noncurrentVersionExpiration: Duration.days(1),
        })),
        {
          id: 'forget-claims',
          prefix: 'claims/',
          // Schedules take no file that is older than a year (`src/requests/claims.ts`).
          expiration: Duration.days(400),
        },
        {
          // Inputs that were written anew: a job reads the version that it was started for.
          id: 'forget-old-versions',
          noncurrentVersionExpiration: Duration.days(30),
          expiredObjectDeleteMarker: true,
        },
      ],
    });
    this.configure();
    this.node.addValidation({ validate: () => refuseNotifications(this.bucket) });
  }

  /**
   * What the CDK's own properties would bring too much of: `eventBridgeEnabled` a custom resource, whose Lambda may
   * change every bucket; `serverAccessLogsBucket` an ACL, unless the app has set a feature flag.
   */
  private configure(): void {
    const resource = this.bucket.node.defaultChild;
    if (!(resource instanceof CfnBucket)) throw new TypeError('A Bucket holds no CfnBucket any more.');
    resource.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
    resource.loggingConfiguration = {
      destinationBucketName: this.createAccessLogs().bucketName,
      logFilePrefix: ACCESS_LOG_PREFIX,
    };
  }

  private createAccessLogs(): Bucket {
    const accessLogs = new Bucket(this, 'AccessLogs', {
      ...PRIVATE,
      lifecycleRules: [{ id: 'forget-access-logs', expiration: Duration.days(365) }],
    });
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

/**
 * `bucket.addEventNotification()` sets the bucket's notifications as a whole when the stack is deployed, by a custom
 * resource: EventBridge would be told of no drop any more.
 */
function refuseNotifications(bucket: Bucket): string[] {
  const notifications = bucket.node.tryFindChild('Notifications');
  const isUsed = notifications?.node.findAll().some((child) => CfnResource.isCfnResource(child)) === true;
  if (!isUsed) return [];
  return [
    'The data bucket takes no event notifications of its own: they would replace those to EventBridge, which start jobs. ' +
      "Add a rule to the default event bus instead, for detailType 'Object Created' of this bucket.",
  ];
}
