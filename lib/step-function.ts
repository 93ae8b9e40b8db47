import { Duration, Size } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  Function as Lambda,
  LoggingFormat,
  Runtime,
  Tracing,
  type FunctionOptions,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { RemovalPolicy } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { NightshiftConfig } from '../src/config/config.ts';
import { grantKey } from './encryption.ts';
import { logGroupProps, reservedFor, type FunctionSettings } from './function-settings.ts';
import { lambdaCode } from './lambda-code.ts';
import { nodeOptions } from './node-flags.ts';
import type { ProviderKeys } from './provider-keys.ts';
import { acknowledgeTracing, allowEvents, allowNetwork, EVENT_BUS, grantObjects } from './step-grants.ts';
import type { StepNeeds } from './step-needs.ts';
import type { StepName } from './step-table.ts';
import type { Webhook } from './webhook.ts';

/** Resources that the steps of a workflow share. */
export interface SharedBySteps {
  readonly bucket: IBucket;
  /** The key that encrypts the objects of the bucket. */
  readonly bucketKey: IKey | undefined;
  /** The providers' keys; only a step that calls the provider may read them. */
  readonly providerKeys: ProviderKeys;
  /** The webhook for jobs' ends; only a step that announces may read its secret. */
  readonly webhook: Webhook | undefined;
  /** Name of the workflow in its metrics. */
  readonly workflow: string;
  readonly config: NightshiftConfig;
  readonly settings: FunctionSettings;
}

export interface StepFunctionProps extends SharedBySteps {
  /** The file of `lambdas/`, without `.ts`. */
  readonly step: StepName;
  readonly needs: StepNeeds;
}

/** One step as a Lambda function, with its own log group and its own role, which has only the permissions that the step needs. */
export class StepFunction extends Construct {
  readonly lambda: Lambda;
  readonly role: Role;
  readonly logGroup: LogGroup;
  /** The Lambda's own timeout; its caller must wait longer. */
  readonly timeout: Duration;

  constructor(scope: Construct, id: string, props: StepFunctionProps) {
    super(scope, id);
    const { step, needs, config, settings } = props;
    this.timeout = Duration.minutes(needs.timeoutMinutes);
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Nightshift step ${step}`,
    });
    this.logGroup = new LogGroup(this, 'Logs', logGroupProps(settings));
    this.lambda = new Lambda(this, 'Function', {
      description: `Nightshift step ${step}`,
      code: lambdaCode(step, config),
      handler: 'index.handler',
      runtime: Runtime.NODEJS_24_X,
      role: this.role,
      memorySize: needs.memoryMib,
      timeout: this.timeout,
      ...(needs.scratchGib === undefined ? {} : { ephemeralStorageSize: Size.gibibytes(needs.scratchGib) }),
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
      // A job may run for days, and its version of the code must remain when a deploy adds another.
      currentVersionOptions: { removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE },
      environment: environmentOf(props),
      ...optionsOf(step, settings),
    });
    this.grant(props);
  }

  private grant({ needs, bucket, bucketKey, providerKeys, webhook, settings }: StepFunctionProps): void {
    this.logGroup.grantWrite(this.role);
    acknowledgeTracing(this.role);
    if (settings.vpc !== undefined) allowNetwork(this.role);
    grantObjects(this.role, bucket, needs);
    grantKey(this.role, bucketKey, needs);
    if (needs.provider === true) providerKeys.grantRead(this.role);
    if (needs.announces !== true) return;
    allowEvents(this.role);
    webhook?.secret.grantRead(this.role);
  }
}

function optionsOf(step: StepName, settings: FunctionSettings): FunctionOptions {
  const { architecture, vpc, subnets, securityGroups } = settings;
  const reservedConcurrentExecutions = reservedFor(step, settings.reservedConcurrency);
  return {
    architecture,
    ...(reservedConcurrentExecutions !== undefined && { reservedConcurrentExecutions }),
    ...(vpc && { vpc }),
    ...(subnets && { vpcSubnets: subnets }),
    ...(securityGroups && { securityGroups }),
  };
}

function environmentOf({ step, needs, bucket, workflow, providerKeys, webhook }: StepFunctionProps) {
  return {
    STORE: `s3://${bucket.bucketName}`,
    STEP: step,
    WORKFLOW: workflow,
    NODE_OPTIONS: nodeOptions(needs.memoryMib),
    ...(needs.provider === undefined ? {} : { SECRET_ARN: providerKeys.secretArn }),
    ...(needs.announces === undefined ? {} : { EVENT_BUS }),
    ...(needs.announces === true &&
      webhook && { WEBHOOK_URL: webhook.url, WEBHOOK_SECRET_ID: webhook.secretId }),
  };
}
