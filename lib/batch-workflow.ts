import { CfnOutput, Duration, Names, Stack } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { Architecture, type IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { checkConfig } from '../src/config/check-config.ts';
import type { NightshiftConfig } from '../src/config/config.ts';
import { jobDaysOf } from '../src/config/limits.ts';
import type { MetricName } from '../src/runtime/metrics.ts';
import type { Outcome } from '../src/checkpoints/counts.ts';
import { acknowledgePacks } from './acknowledge-packs.ts';
import { checkProps } from './check-props.ts';
import { DataBucket, rejectSilentBucket } from './data-bucket.ts';
import { allowServices } from './encryption.ts';
import { EventDelivery } from './event-delivery.ts';
import { EventTrigger, executionsStopped, filesDropped } from './event-trigger.ts';
import { JobsApi } from './jobs-api.ts';
import { Machine } from './machine.ts';
import { Operations } from './operations.ts';
import { createProviderKeys, type ProviderKeys } from './provider-keys.ts';
import { PublishedConfig } from './published-config.ts';
import { Schedules } from './schedules.ts';
import type { StepFunction } from './step-function.ts';
import type { StepName } from './step-table.ts';
import { Steps, type StepFunctions } from './steps.ts';
import { createWebhook } from './webhook.ts';
import { grantDrop, grantReadResults, grantStart } from './workflow-grants.ts';
import { WorkflowMetrics, type Ending } from './workflow-metrics.ts';
import { workflowOutputs } from './workflow-outputs.ts';
import type { BatchWorkflowProps } from './workflow-props.ts';

/**
 * The whole batch workflow. A file dropped under `input/<profile>/` of the bucket, a request to the API, or a schedule becomes a
 * job with one result per row under `output/<jobId>/`.
 */
export class BatchWorkflow extends Construct {
  readonly bucket: IBucket;
  readonly providerKeys: ProviderKeys;
  /** One execution is one job; its name is the jobId. */
  readonly stateMachine: IStateMachine;
  /** ARN of the alias for new jobs: start executions through it. */
  readonly stateMachineAliasArn: string;
  /** The HTTP API; undefined with `api: false`. */
  readonly api: HttpApi | undefined;
  /** Failed events: drops and schedules that started no job, and aborted jobs that were not cancelled. */
  readonly deadLetters: IQueue;
  /** The Lambda function of each step. */
  readonly functions: Readonly<Partial<Record<StepName, IFunction>>>;
  readonly #metrics: WorkflowMetrics;
  readonly #objectKey;

  /** @throws InvalidRequest naming every unknown property, or every problem of the configuration. */
  constructor(scope: Construct, id: string, props: BatchWorkflowProps) {
    super(scope, id);
    checkProps('BatchWorkflow', props);
    acknowledgePacks(this);
    const config = checkConfig(props.config);
    const { encryptionKey } = props;
    if (encryptionKey !== undefined) allowServices(encryptionKey, Stack.of(this));
    this.bucket = this.openBucket(config, props);
    this.#objectKey = this.bucket.encryptionKey ?? encryptionKey;
    this.providerKeys = props.providerKeys ?? createProviderKeys(this, 'ProviderKeys', props);
    // Distinguishes the metrics of several workflows in one account.
    const workflow = Names.uniqueResourceName(this, { maxLength: 100, separator: '-' });
    const functions = this.createSteps(config, props, workflow);
    const machine = this.createMachine(functions, config, props);
    this.stateMachine = machine.stateMachine;
    this.stateMachineAliasArn = machine.alias.attrArn;
    this.deadLetters = this.connectEntryFunctions(functions, machine, config, props);
    this.functions = Object.fromEntries(
      (Object.entries(functions) as [StepName, StepFunction][]).map(([step, { lambda }]) => [step, lambda]),
    );
    const { stateMachine, deadLetters } = this;
    const parts = { stateMachine, functions, deadLetters, workflow };
    this.#metrics = new WorkflowMetrics(parts);
    if (props.operations !== false) {
      const alarmTargets = { topic: props.alarmTopic, actions: props.alarmActions, encryptionKey };
      // oxlint-disable-next-line no-new -- it adds itself to the stack
      new Operations(this, 'Operations', { ...parts, config, alarmTargets });
    }
    this.api = this.createApi(functions, config, props);
    // oxlint-disable-next-line no-new -- it adds itself to the stack
    new PublishedConfig(this, 'PublishedConfig', {
      config,
      publish: functions['publish-config'],
      bucket: this.bucket,
    });
  }

  /**
   * Grants dropping files.
   * @param profile the profile of the folder; without it, every folder below `input/`
   */
  grantDrop(grantee: IGrantable, profile?: string): Grant {
    return grantDrop(this.bucket, this.#objectKey, grantee, profile);
  }

  /** Grants reading results, reports and summaries. */
  grantReadResults(grantee: IGrantable): Grant {
    return grantReadResults(this.bucket, this.#objectKey, grantee);
  }

  /** Grants starting, following, cancelling and resuming jobs: through the API if there is one, and with the command line. */
  grantStart(grantee: IGrantable): Grant {
    return grantStart(this, this.#objectKey, grantee);
  }

  /** Executions with this ending, over five minutes unless the options say otherwise. */
  metricJobs(ending: Ending, options?: MetricOptions): Metric {
    return withOptions(this.#metrics.jobs(ending), options);
  }

  /** Rows of ended jobs with this outcome. */
  metricRows(outcome: Outcome, options?: MetricOptions): Metric {
    return withOptions(this.#metrics.own('Rows', { dimensions: { Outcome: outcome } }), options);
  }

  /** Tokens of ended jobs. */
  metricTokens(direction: 'input' | 'output', options?: MetricOptions): Metric {
    return withOptions(this.#metrics.own('Tokens', { dimensions: { Direction: direction } }), options);
  }

  /** Duration of jobs in seconds; the longest one unless the options say otherwise. */
  metricJobSeconds(options?: MetricOptions): Metric {
    return withOptions(this.#metrics.own('JobSeconds', { statistic: 'Maximum' }), options);
  }

  /** Age of the oldest open batch in seconds. */
  metricOldestBatch(options?: MetricOptions): Metric {
    return withOptions(this.#metrics.oldestBatch(), options);
  }

  /** Delay of the latest poll, in seconds. */
  metricPollLag(options?: MetricOptions): Metric {
    return withOptions(this.#metrics.pollLag(), options);
  }

  /** Events in the dead-letter queue. */
  metricDeadLetters(options?: MetricOptions): Metric {
    return withOptions(this.#metrics.deadLetters(), options);
  }

  /** Any of the workflow's own metrics, in the namespace `Nightshift`. */
  metric(name: MetricName, options?: MetricOptions): Metric {
    return withOptions(this.#metrics.own(name), options);
  }

  /**
   * Adds the values that people and the command line need to the outputs of the stack, so that `nightshift list --stack <name>`
   * finds this workflow.
   * @param prefix prefix of the outputs' names, for a second workflow in the stack: `--stack <name>/<prefix>`
   */
  addOutputs(prefix = ''): void {
    for (const { name, description, value } of workflowOutputs(this)) {
      const output = new CfnOutput(this, `${prefix}${name}`, { description, value });
      output.overrideLogicalId(`${prefix}${name}`);
    }
  }

  private openBucket(config: NightshiftConfig, props: BatchWorkflowProps): IBucket {
    const { bucket, encryptionKey, removalPolicy } = props;
    if (bucket === undefined) {
      const kept = { encryptionKey, removalPolicy };
      const created = new DataBucket(this, 'Data', { jobDays: jobDaysOf(config), ...kept }).bucket;
      // The two types differ only in `undefined`, which this project's compiler distinguishes from absence.
      return created as IBucket;
    }
    this.node.addValidation({ validate: () => rejectSilentBucket(bucket) });
    return bucket;
  }

  private createSteps(config: NightshiftConfig, props: BatchWorkflowProps, workflow: string): StepFunctions {
    const { architecture = Architecture.ARM_64, removalPolicy } = props;
    const { bucket, providerKeys } = this;
    return new Steps(this, 'Steps', {
      bucket,
      bucketKey: this.#objectKey,
      providerKeys,
      webhook: createWebhook(this, config.webhook, props.webhook ?? {}, props),
      workflow,
      config,
      settings: { ...props, architecture, removalPolicy },
      servesApi: props.api !== false,
    }).functions;
  }

  private createMachine(steps: StepFunctions, config: NightshiftConfig, props: BatchWorkflowProps): Machine {
    const { shardsInFlight = 100 } = config.limits ?? {};
    const machine = new Machine(this, 'Machine', {
      steps,
      bucket: this.bucket,
      bucketKey: this.#objectKey,
      maxConcurrency: shardsInFlight,
      timeout: Duration.days(jobDaysOf(config)),
      logs: props,
    });
    const { 'start-job': startJob, 'cancel-job': cancelJob, api } = steps;
    for (const entry of [startJob, cancelJob, ...(api ? [api] : [])]) machine.allowStart(entry);
    if (api !== undefined) machine.allowStop(api);
    return machine;
  }

  private connectEntryFunctions(
    { 'start-job': startJob, 'cancel-job': cancelJob }: StepFunctions,
    { stateMachine }: Machine,
    { schedules = {} }: NightshiftConfig,
    { encryptionKey }: BatchWorkflowProps,
  ): IQueue {
    const delivery = new EventDelivery(this, 'Events', { functions: [startJob, cancelJob], encryptionKey });
    // oxlint-disable no-new -- they add themselves to the stack
    new EventTrigger(this, 'DropTrigger', { events: filesDropped(this.bucket), calls: startJob, delivery });
    new EventTrigger(this, 'StopTrigger', {
      events: executionsStopped(stateMachine),
      calls: cancelJob,
      delivery,
    });
    new Schedules(this, 'Schedules', { schedules, startJob, delivery });
    // oxlint-enable no-new
    return delivery.deadLetters;
  }

  private createApi(
    { api: serveApi }: StepFunctions,
    { limits, api }: NightshiftConfig,
    props: BatchWorkflowProps,
  ): HttpApi | undefined {
    if (serveApi === undefined || props.api === false) return undefined;
    const deployed = { ...limits?.api, ...props.api, jwt: api?.jwt, logs: props };
    return new JobsApi(this, 'Api', { serveApi, ...deployed }).httpApi;
  }
}

function withOptions(metric: Metric, options: MetricOptions | undefined): Metric {
  return options === undefined ? metric : metric.with(options);
}
