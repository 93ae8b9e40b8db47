import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import {
  Choice,
  Condition,
  DistributedMap,
  Fail,
  JsonPath,
  S3JsonItemReader,
  type S3FileItemReaderProps,
  StateMachineType,
  Succeed,
  TaskInput,
  Wait,
  WaitTime,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { SLICED_BUILD } from '../src/cost/step-seconds.ts';
import { RETRY_ANNOUNCE, RETRY_TRANSIENT } from './retry-policies.ts';
import { defineShard } from './shard-states.ts';
import { TO_RUN, TO_SLICE } from './step-table.ts';
import type { StepFunctions } from './steps.ts';
import { catchEverything, stepTask } from './step-task.ts';

interface ShardsAtOnce {
  readonly bucket: IBucket;
  /** Most shards of one job at the provider at the same time. */
  readonly maxConcurrency: number;
}

/**
 * Defines the states of one job: build, every shard, write, announce, end. A job with a pilot returns from *For each shard* to
 * *Build requests*, which decides what follows. Every failure before *Write results* is passed to that state, so that every job
 * ends with a summary.
 * @returns the first state
 */
export function defineJob(
  states: Construct,
  steps: StepFunctions,
  { bucket, maxConcurrency }: ShardsAtOnce,
): LambdaInvoke {
  const buildRequests = stepTask(states, 'Build requests', steps['build-requests'], {
    retries: [RETRY_TRANSIENT],
  });
  const forEachSlice = mapOverSlices(states, bucket);
  forEachSlice.itemProcessor(defineSlice(states, steps));
  const forEachShard = mapOverShards(states, { bucket, maxConcurrency });
  forEachShard.itemProcessor(defineShard(states, steps));
  const writeResults = stepTask(states, 'Write results', steps['write-results'], {
    retries: [RETRY_TRANSIENT],
  });
  catchEverything(buildRequests, writeResults);
  catchEverything(forEachSlice, writeResults);
  catchEverything(forEachShard, writeResults);
  const wait = waitForApproval(states);
  wait.next(buildRequests);
  buildRequests.next(
    Choice.jsonPath(states, 'All built?')
      .when(Condition.isPresent('$.building'), buildRequests)
      .when(Condition.isPresent('$.slices'), forEachSlice.next(buildRequests))
      .when(Condition.isPresent('$.asks'), announceWait(states, steps, wait))
      .when(Condition.isPresent('$.waiting'), wait)
      // An empty list skips the map, because Step Functions does not document that it reads one.
      .when(Condition.numberEquals('$.toRun.shards', 0), writeResults)
      .otherwise(forEachShard),
  );
  forEachShard.next(
    Choice.jsonPath(states, 'Only the pilot?')
      .when(Condition.isPresent('$.pilot'), buildRequests)
      .otherwise(writeResults),
  );
  endJob(states, steps, writeResults);
  return buildRequests;
}

/** Waits in a loop. A task token is not used: see docs/decisions/0016-approval.md. */
function waitForApproval(states: Construct): Wait {
  return Wait.jsonPath(states, 'Wait for approval', { time: WaitTime.secondsPath('$.waitSeconds') });
}

/**
 * One child execution per shard, each with its own history: a poll costs 9 of an execution's 25,000 events, so shards cannot
 * share an execution. Items come from the bucket, so that the size of a state does not limit their number. Results of children
 * are discarded.
 */
function mapOverShards(states: Construct, { bucket, maxConcurrency }: ShardsAtOnce): DistributedMap {
  return DistributedMap.jsonPath(states, 'For each shard', {
    mapExecutionType: StateMachineType.STANDARD,
    label: 'shards',
    itemReader: new ItemsReader({ bucket, key: JsonPath.stringAt('$.toRun.key') }, TO_RUN),
    itemSelector: {
      'jobId.$': '$.jobId',
      'shard.$': '$$.Map.Item.Value.shard',
      'planned.$': '$$.Map.Item.Value.planned',
      'provider.$': '$.provider',
      'polling.$': '$.polling',
    },
    maxConcurrency,
    // *Write results* notices a shard that failed; the other shards finish what is paid for.
    toleratedFailurePercentage: 100,
    resultPath: JsonPath.DISCARD,
  });
}

/**
 * One child execution per slice of a large build. The outputs of slices are discarded: *Build requests* reads from the bucket
 * which slices are done.
 */
function mapOverSlices(states: Construct, bucket: IBucket): DistributedMap {
  return DistributedMap.jsonPath(states, 'For each slice', {
    mapExecutionType: StateMachineType.STANDARD,
    label: 'slices',
    itemReader: new ItemsReader({ bucket, key: JsonPath.stringAt('$.slices.key') }, TO_SLICE),
    itemSelector: { 'jobId.$': '$.jobId', 'slice.$': '$$.Map.Item.Value.slice' },
    // Each slice takes a whole vCPU, and reads the store as fast as it can.
    maxConcurrency: SLICED_BUILD.atOnce,
    toleratedFailurePercentage: 100,
    resultPath: JsonPath.DISCARD,
  });
}

/** Defines the states of a slice: it is called again until it is done. *Build requests* finds a slice that failed. */
function defineSlice(states: Construct, steps: StepFunctions): LambdaInvoke {
  const buildSlice = stepTask(states, 'Build slice', steps['build-slice'], { retries: [RETRY_TRANSIENT] });
  const sliceDone = Succeed.jsonPath(states, 'Slice done', { outputPath: JsonPath.DISCARD });
  catchEverything(buildSlice, sliceDone);
  buildSlice.next(
    Choice.jsonPath(states, 'Slice built?')
      .when(Condition.isPresent('$.building'), buildSlice)
      .otherwise(sliceDone),
  );
  return buildSlice;
}

/** Reads the items of a map. The CDK's own reader would allow the machine to read the whole bucket. */
class ItemsReader extends S3JsonItemReader {
  readonly #keys: string;

  /** @param keys key pattern of the objects that it reads */
  constructor(props: S3FileItemReaderProps, keys: string) {
    super(props);
    this.#keys = keys;
  }

  override providePolicyStatements(): PolicyStatement[] {
    const resources = [this.bucket.arnForObjects(this.#keys)];
    return [new PolicyStatement({ actions: ['s3:GetObject'], resources })];
  }
}

/**
 * Announces the job's end, or that the job waits. The state's output is dropped, so that the next state gets this state's
 * input.
 */
function announce(states: Construct, steps: StepFunctions, name: string, about: object): LambdaInvoke {
  return stepTask(states, name, steps['announce-job'], {
    retries: [RETRY_ANNOUNCE],
    payload: TaskInput.fromObject({ 'execution.$': '$$.Execution.Name', ...about }),
    resultPath: JsonPath.DISCARD,
  });
}

/** Announces that the job begins to wait for an approval. The job also waits if the announcement fails. */
function announceWait(states: Construct, steps: StepFunctions, wait: Wait): LambdaInvoke {
  const announced = announce(states, steps, 'Announce wait', { 'waits.$': '$' });
  const recordFailure = announce(states, steps, 'Record unannounced wait', {
    'waits.$': '$',
    'unannounced.$': '$.unannounced',
  });
  catchEverything(announced, recordFailure, '$.unannounced');
  catchEverything(recordFailure, wait, '$.unannounced');
  recordFailure.next(wait);
  announced.next(wait);
  return announced;
}

function endJob(states: Construct, steps: StepFunctions, writeResults: LambdaInvoke): void {
  const jobFailed = Fail.jsonPath(states, 'Job failed', {
    errorPath: '$.failure.Error',
    causePath: '$.failure.Cause',
  });
  const announceJob = announce(states, steps, 'Announce job', { 'end.$': '$' });
  const recordFailure = announce(states, steps, 'Record failed announcement', {
    'end.$': '$',
    'unannounced.$': '$.unannounced',
  });
  const jobOk = Choice.jsonPath(states, 'Job ok?')
    // Not `isNotPresent`: the local engine never matches `IsPresent: false`.
    .when(Condition.not(Condition.isPresent('$.status')), jobFailed)
    .when(Condition.stringEquals('$.status', 'failed'), jobFailed)
    .otherwise(Succeed.jsonPath(states, 'Job succeeded'));
  catchEverything(writeResults, announceJob, '$.failure');
  // A failed announcement never changes the job's status.
  catchEverything(announceJob, recordFailure, '$.unannounced');
  catchEverything(recordFailure, jobOk, '$.unannounced');
  recordFailure.next(jobOk);
  writeResults.next(
    Choice.jsonPath(states, 'All written?')
      .when(Condition.isPresent('$.writing'), writeResults)
      .otherwise(announceJob),
  );
  announceJob.next(jobOk);
}
