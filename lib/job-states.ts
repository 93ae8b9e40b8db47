import {
  Choice,
  Condition,
  DistributedMap,
  Fail,
  JsonPath,
  StateMachineType,
  Succeed,
} from 'aws-cdk-lib/aws-stepfunctions';
import type { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { RETRY_TRANSIENT } from './retry-policies.ts';
import { defineShard } from './shard-states.ts';
import type { StepFunctions } from './steps.ts';
import { catchEverything, stepTask } from './step-task.ts';

/**
 * What one job goes through: build, every shard, write, and the end it came to. Returns its first state. Whatever
 * fails before *Write results* is told there, so that every job ends with a summary.
 */
export function defineJob(states: Construct, steps: StepFunctions, maxConcurrency: number): LambdaInvoke {
  const buildRequests = stepTask(states, 'Build requests', steps['build-requests'], [RETRY_TRANSIENT]);
  const forEachShard = mapOverShards(states, maxConcurrency);
  forEachShard.itemProcessor(defineShard(states, steps));
  const writeResults = stepTask(states, 'Write results', steps['write-results'], [RETRY_TRANSIENT]);
  catchEverything(buildRequests, writeResults);
  catchEverything(forEachShard, writeResults);
  buildRequests.next(forEachShard).next(writeResults);
  endJob(states, writeResults);
  return buildRequests;
}

/**
 * One child execution per shard, each with a history of its own: a poll costs 9 of an execution's 25,000 events, so
 * shards cannot share one. Items come from the state and results go nowhere: the map needs no rights on the bucket.
 */
function mapOverShards(states: Construct, maxConcurrency: number): DistributedMap {
  return DistributedMap.jsonPath(states, 'For each shard', {
    mapExecutionType: StateMachineType.STANDARD,
    label: 'shards',
    itemsPath: '$.shards',
    itemSelector: {
      'jobId.$': '$.jobId',
      'shard.$': '$$.Map.Item.Value',
      'provider.$': '$.provider',
      'polling.$': '$.polling',
    },
    maxConcurrency,
    // A shard that failed after all is found missing by *Write results*; its siblings finish what is paid for.
    toleratedFailurePercentage: 100,
    resultPath: JsonPath.DISCARD,
  });
}

function endJob(states: Construct, writeResults: LambdaInvoke): void {
  const jobFailed = Fail.jsonPath(states, 'Job failed', {
    errorPath: '$.failure.Error',
    causePath: '$.failure.Cause',
  });
  catchEverything(writeResults, jobFailed, '$.failure');
  writeResults.next(
    Choice.jsonPath(states, 'Job ok?')
      .when(Condition.stringEquals('$.status', 'failed'), jobFailed)
      .otherwise(Succeed.jsonPath(states, 'Job succeeded')),
  );
}
