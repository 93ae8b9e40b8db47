import { Duration, RemovalPolicy, Size } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  Function as Lambda,
  LoggingFormat,
  Runtime,
  Tracing,
  type Architecture,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { bundle, type Define } from './bundle.ts';
import { nodeOptions } from './node-flags.ts';
import type { ProviderKeys } from './provider-keys.ts';
import { acknowledgeTracing, allowEvents, EVENT_BUS, grantObjects } from './step-grants.ts';
import type { StepName, StepNeeds } from './step-table.ts';
import type { Webhook } from './webhook.ts';

export interface StepFunctionProps {
  /** The file of `lambdas/`, without `.ts`. */
  readonly step: StepName;
  readonly needs: StepNeeds;
  readonly bucket: Bucket;
  /** The providers' keys; only a step that talks to the provider may read them. */
  readonly providerKeys: ProviderKeys;
  /** Only a step that announces may read its secret. */
  readonly webhook: Webhook | undefined;
  /** Names the workflow in its metrics. */
  readonly workflow: string;
  readonly architecture: Architecture;
  /**
   * Expressions the bundler replaces, each by a JavaScript literal.
   * @default - none
   */
  readonly define?: Define | undefined;
}

/** One step as a Lambda function: its own role with nothing but what the step needs, its own log group. */
export class StepFunction extends Construct {
  readonly lambda: Lambda;
  readonly role: Role;
  readonly logGroup: LogGroup;
  /** The Lambda's own timeout; whoever calls it has to wait longer. */
  readonly timeout: Duration;

  constructor(scope: Construct, id: string, props: StepFunctionProps) {
    super(scope, id);
    const { step, needs, bucket, providerKeys, workflow, architecture } = props;
    const webhook = needs.announces === true ? props.webhook : undefined;
    this.timeout = Duration.minutes(needs.timeoutMinutes);
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Nightshift step ${step}`,
    });
    this.logGroup = new LogGroup(this, 'Logs', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.lambda = new Lambda(this, 'Function', {
      description: `Nightshift step ${step}`,
      code: bundle(step, props.define),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      architecture,
      role: this.role,
      memorySize: needs.memoryMib,
      timeout: this.timeout,
      ...(needs.scratchGib === undefined ? {} : { ephemeralStorageSize: Size.gibibytes(needs.scratchGib) }),
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
      // A job may run for days: the code it began with stays, also when a deploy brings another.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE },
      environment: {
        STORE: `s3://${bucket.bucketName}`,
        STEP: step,
        WORKFLOW: workflow,
        NODE_OPTIONS: nodeOptions(needs.memoryMib),
        ...(needs.provider === undefined ? {} : { SECRET_ARN: providerKeys.secretArn }),
        ...(needs.announces === undefined ? {} : { EVENT_BUS }),
        ...(webhook && { WEBHOOK_URL: webhook.url, WEBHOOK_SECRET_ID: webhook.secretId }),
      },
    });
    this.logGroup.grantWrite(this.role);
    acknowledgeTracing(this.role);
    grantObjects(this.role, bucket, needs);
    if (needs.provider !== undefined) providerKeys.grantRead(this.role);
    if (needs.announces === true) allowEvents(this.role);
    webhook?.secret.grantRead(this.role);
  }
}
