import { ArnFormat, Names, RemovalPolicy, Stack, type Duration } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import {
  CfnStateMachineAlias,
  CfnStateMachineVersion,
  DefinitionBody,
  LogLevel,
  StateMachine,
} from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { acknowledgeWildcards } from './acknowledge-wildcards.ts';
import { logGroupProps, type LogSettings } from './function-settings.ts';
import { defineJob } from './job-states.ts';
import type { StepFunction } from './step-function.ts';
import { isTask, TO_RUN, TO_SLICE, type StepName } from './step-table.ts';
import type { StepFunctions } from './steps.ts';

export interface MachineProps {
  readonly steps: StepFunctions;
  /** The bucket with the items of the map. */
  readonly bucket: IBucket;
  /** The key that encrypts its objects. */
  readonly bucketKey: IKey | undefined;
  /** Most shards of one job at the provider at the same time. */
  readonly maxConcurrency: number;
  /** Timeout of one execution. */
  readonly timeout: Duration;
  readonly logs: LogSettings;
}

/** The state machine: one execution is one job. `job-states.ts` and `shard-states.ts` define its states. */
export class Machine extends Construct {
  readonly stateMachine: StateMachine;
  /** The alias for starting jobs: it points to the last deployed version. */
  readonly alias: CfnStateMachineAlias;

  constructor(scope: Construct, id: string, props: MachineProps) {
    super(scope, id);
    const { steps, bucket, bucketKey, timeout, logs } = props;
    // States are named by their construct ids; their own scope avoids collisions with other constructs.
    const states = new Construct(this, 'States');
    this.stateMachine = new StateMachine(this, 'StateMachine', {
      comment: "Nightshift: one execution turns one job's rows into one result each",
      definitionBody: DefinitionBody.fromChainable(defineJob(states, steps, props)),
      timeout,
      tracingEnabled: true,
      logs: { destination: this.createLogs(logs), level: LogLevel.ALL, includeExecutionData: false },
    });
    bucketKey?.grant(this.stateMachine, 'kms:Decrypt');
    this.alias = this.publish();
    this.allowVersions(steps);
    this.acknowledge(steps);
    acknowledgeWildcards(this, {
      resources: [bucket.arnForObjects(TO_RUN), bucket.arnForObjects(TO_SLICE)],
      reason: 'The items of the maps: one object per job and map.',
    });
  }

  /** Allows a function to start jobs and see whether they are running. */
  allowStart({ lambda, role }: StepFunction): void {
    lambda.addEnvironment('STATE_MACHINE_ARN', this.alias.attrArn);
    this.stateMachine.grantStartExecution(role);
    this.allowOnExecutions(role, 'states:DescribeExecution');
  }

  /** Allows a function to stop jobs. */
  allowStop({ role }: StepFunction): void {
    this.allowOnExecutions(role, 'states:StopExecution');
  }

  /**
   * Publishes the definition as a version at every deploy that changes it. A job continues with the version that it began with,
   * so earlier versions are kept.
   */
  private publish(): CfnStateMachineAlias {
    const version = new CfnStateMachineVersion(this, 'Version', {
      stateMachineArn: this.stateMachine.stateMachineArn,
      // Part of the id, because a version cannot change: a new definition then creates another version.
      stateMachineRevisionId: this.stateMachine.stateMachineRevisionId,
    });
    version.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    return new CfnStateMachineAlias(this, 'Alias', {
      name: 'live',
      description: 'Nightshift: the version for new jobs',
      deploymentPreference: { type: 'ALL_AT_ONCE', stateMachineVersionArn: version.attrArn },
    });
  }

  /**
   * Allows the state machine to call every version of the functions. The CDK allows only the versions of this deploy; a job that
   * began earlier calls older versions.
   */
  private allowVersions(steps: StepFunctions): void {
    const resources = tasksOf(steps).map(({ lambda }) => `${lambda.functionArn}:*`);
    this.stateMachine.addToRolePolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources }));
  }

  private allowOnExecutions(role: Role, action: string): void {
    const resources = [this.executionArn(':*')];
    role.addToPolicy(new PolicyStatement({ actions: [action], resources }));
    acknowledgeWildcards(role, { resources, reason: 'Executions are named when they start.' });
  }

  private executionArn(execution: string): string {
    const stack = Stack.of(this);
    const arnFormat = ArnFormat.COLON_RESOURCE_NAME;
    // Split from the ARN in the same way as the CDK's policy for the map, so that both write the same resource.
    const { resourceName } = stack.splitArn(this.stateMachine.stateMachineArn, arnFormat);
    return stack.formatArn({
      service: 'states',
      resource: 'execution',
      resourceName: `${resourceName}${execution}`,
      arnFormat,
    });
  }

  /** Creates the log group. Log groups with this prefix share one resource policy, which has room for only a few names. */
  private createLogs(logs: LogSettings): LogGroup {
    return new LogGroup(this, 'Logs', {
      logGroupName: `/aws/vendedlogs/states/${Names.uniqueResourceName(this, { maxLength: 200, separator: '-' })}`,
      ...logGroupProps(logs),
    });
  }

  private acknowledge(steps: StepFunctions): void {
    acknowledgeWildcards(this, {
      resources: tasksOf(steps).map(({ lambda }) => `${lambda.functionArn}:*`),
      reason:
        'The versions of exactly the functions that are steps: running jobs call those they began with.',
    });
    acknowledgeWildcards(this, {
      resources: ['*'],
      reason: 'The actions of X-Ray and of vended logs support no resource-level permissions.',
    });
    acknowledgeWildcards(this, {
      resources: [this.executionArn(':*'), this.executionArn('/shards:*'), this.executionArn('/slices:*')],
      reason: "The machine watches and stops its own maps' children, which are named when they start.",
    });
  }
}

function tasksOf(steps: StepFunctions): StepFunction[] {
  const all = Object.entries(steps) as [StepName, StepFunction][];
  return all.flatMap(([name, step]) => (isTask(name) ? [step] : []));
}
