import { Duration } from 'aws-cdk-lib';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { parseConfig, type NightshiftConfig } from '../src/config/config.ts';
import { configLiteral } from './config-literal.ts';
import { DataBucket } from './data-bucket.ts';
import { DropTrigger } from './drop-trigger.ts';
import { Machine } from './machine.ts';
import { createProviderKeys, type ProviderKeys } from './provider-keys.ts';
import { Steps } from './steps.ts';

export interface BatchWorkflowProps {
  /** Profiles and providers, as `nightshift.config.ts` has them. Deployed inside *start job*; holds no keys. */
  readonly config: NightshiftConfig;
  /**
   * Most shards of one job at the provider at the same time.
   * @default 100
   */
  readonly maxConcurrency?: number;
  /**
   * How long one job may take, all rounds and waits included; then it is stopped, and can be started again.
   * @default 14 days: a 7-day completion window, its grace, and the rounds after it
   */
  readonly timeout?: Duration;
  /**
   * The secret with the providers' keys: a JSON object `{"<provider>": "<key>"}`.
   * @default - a new secret holding `{}`, to be filled by hand
   */
  readonly providerKeys?: ProviderKeys;
}

/**
 * The whole batch workflow: a file of prompts dropped under `input/<profile>/` of the bucket becomes one result per
 * row under `output/<jobId>/`.
 */
export class BatchWorkflow extends Construct {
  readonly bucket: Bucket;
  readonly providerKeys: ProviderKeys;
  /** One execution is one job, named by its jobId. */
  readonly stateMachine: IStateMachine;
  /** Drops that started no job. */
  readonly dropDeadLetters: IQueue;

  /** @throws InvalidRequest naming every problem of the configuration. */
  constructor(scope: Construct, id: string, props: BatchWorkflowProps) {
    super(scope, id);
    parseConfig(props.config);
    const { bucket } = new DataBucket(this, 'Data');
    const providerKeys = props.providerKeys ?? createProviderKeys(this, 'ProviderKeys');
    const { functions } = new Steps(this, 'Steps', {
      bucket,
      providerKeys,
      defineInStartJob: { 'process.env.NIGHTSHIFT_CONFIG': configLiteral(props.config) },
    });
    const machine = new Machine(this, 'Machine', {
      steps: functions,
      maxConcurrency: props.maxConcurrency ?? 100,
      timeout: props.timeout ?? Duration.days(14),
    });
    const startJob = functions['start-job'];
    startJob.lambda.addEnvironment('STATE_MACHINE_ARN', machine.stateMachine.stateMachineArn);
    machine.allowStart(startJob);
    const { deadLetters } = new DropTrigger(this, 'DropTrigger', { bucket, startJob });

    this.bucket = bucket;
    this.providerKeys = providerKeys;
    this.stateMachine = machine.stateMachine;
    this.dropDeadLetters = deadLetters;
  }
}
