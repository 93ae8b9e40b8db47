import { Duration, Names } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import { Architecture } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { checkConfig } from '../src/config/check-config.ts';
import type { NightshiftConfig } from '../src/config/config.ts';
import { jobDaysOf } from '../src/config/limits.ts';
import { deployedProviders } from '../src/config/deployed-providers.ts';
import { configLiteral } from './config-literal.ts';
import { DataBucket } from './data-bucket.ts';
import { DropTrigger } from './drop-trigger.ts';
import { EventDelivery } from './event-delivery.ts';
import { JobsApi } from './jobs-api.ts';
import { Machine } from './machine.ts';
import { createProviderKeys, type ProviderKeys } from './provider-keys.ts';
import { Operations } from './operations.ts';
import { Schedules } from './schedules.ts';
import { Steps } from './steps.ts';
import { StopTrigger } from './stop-trigger.ts';
import { createWebhook } from './webhook.ts';

export interface BatchWorkflowProps {
  /**
   * Profiles, providers, schedules and limits, as `nightshift.config.ts` has them. Deployed inside the functions that
   * start jobs; holds no keys.
   */
  readonly config: NightshiftConfig;
  /**
   * The secret with the providers' keys: a JSON object `{"<provider>": "<key>"}`.
   * @default - a new secret holding `{}`, to be filled by hand
   */
  readonly providerKeys?: ProviderKeys;
  /**
   * What the functions run on. arm64 costs a fifth less; a few regions have x86 alone.
   * @default Architecture.ARM_64
   */
  readonly architecture?: Architecture;
}

/**
 * The whole batch workflow, with its three doors: a file dropped under `input/<profile>/` of the bucket, a request to
 * the API, or a schedule becomes one result per row under `output/<jobId>/`.
 */
export class BatchWorkflow extends Construct {
  readonly bucket: Bucket;
  readonly providerKeys: ProviderKeys;
  /** One execution is one job, named by its jobId. */
  readonly stateMachine: IStateMachine;
  /** Of the version that jobs start with: start executions by this. */
  readonly stateMachineAliasArn: string;
  readonly api: HttpApi;
  /** Events that came to nothing: drops and schedules that started no job, aborts that cancelled none. */
  readonly deadLetters: IQueue;

  /** @throws InvalidRequest naming every problem of the configuration. */
  constructor(scope: Construct, id: string, props: BatchWorkflowProps) {
    super(scope, id);
    const config = checkConfig(props.config);
    const { limits = {}, schedules = {}, api = {}, webhook } = config;
    const { shardsInFlight = 100 } = limits;
    const jobDays = jobDaysOf(config);
    const { bucket } = new DataBucket(this, 'Data', { jobDays });
    const providerKeys = props.providerKeys ?? createProviderKeys(this, 'ProviderKeys');
    // Several workflows in one account have metrics of their own.
    const workflow = Names.uniqueResourceName(this, { maxLength: 100, separator: '-' });
    const { functions } = new Steps(this, 'Steps', {
      bucket,
      providerKeys,
      webhook: webhook && createWebhook(this, 'WebhookSecret', webhook),
      workflow,
      architecture: props.architecture ?? Architecture.ARM_64,
      defineInDoors: { 'process.env.NIGHTSHIFT_CONFIG': configLiteral(props.config) },
      defineWithKeys: { 'process.env.NIGHTSHIFT_PROVIDERS': configLiteral(deployedProviders(props.config)) },
    });
    const machine = new Machine(this, 'Machine', {
      steps: functions,
      maxConcurrency: shardsInFlight,
      timeout: Duration.days(jobDays),
    });
    const { stateMachine } = machine;
    const { 'start-job': startJob, 'cancel-job': cancelJob, api: serveApi } = functions;
    for (const door of [startJob, cancelJob, serveApi]) machine.allowStart(door);
    machine.allowStop(serveApi);
    const delivery = new EventDelivery(this, 'Events', [startJob, cancelJob]);
    // oxlint-disable no-new -- they add themselves to the stack
    new DropTrigger(this, 'DropTrigger', { bucket, startJob, delivery });
    new StopTrigger(this, 'StopTrigger', { stateMachine, cancelJob, delivery });
    new Schedules(this, 'Schedules', { schedules, startJob, delivery });
    // oxlint-enable no-new
    const { deadLetters } = delivery;
    const operations = { stateMachine, functions, deadLetters, workflow, config };
    // oxlint-disable-next-line no-new -- it adds itself to the stack
    new Operations(this, 'Operations', operations);
    const jobsApi = new JobsApi(this, 'Api', { serveApi, jwt: api.jwt, ...limits.api });

    this.bucket = bucket;
    this.providerKeys = providerKeys;
    this.stateMachine = stateMachine;
    this.stateMachineAliasArn = machine.alias.attrArn;
    this.api = jobsApi.httpApi;
    this.deadLetters = deadLetters;
  }
}
