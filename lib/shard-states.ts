import { Choice, Condition, JsonPath, Succeed, Wait, WaitTime } from 'aws-cdk-lib/aws-stepfunctions';
import type { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { RETRY_BUSY, RETRY_CREATE, RETRY_FRESH_FILE, RETRY_POLL, RETRY_TRANSIENT } from './retry-policies.ts';
import type { StepFunctions } from './steps.ts';
import { catchEverything, stepTask } from './step-task.ts';

/**
 * Defines the states of one shard: upload, create, poll to the end, collect, and another round for rows to retry. Returns the
 * first state. A shard never fails: permanent failures are collected as well, so that the other shards continue. The payloads are
 * typed in `src/contract.ts`.
 */
export function defineShard(states: Construct, steps: StepFunctions): LambdaInvoke {
  const tasks = defineTasks(states, steps);
  const { uploadFile, createBatch, sendDirect, pollBatch, cancelBatch, collectResults } = tasks;
  for (const task of [uploadFile, createBatch, sendDirect, pollBatch, cancelBatch])
    catchEverything(task, collectResults);

  const waitForBatch = waitAsTold(states, 'Wait for batch');
  // Returns `{}`, because the map joins the outputs of its shards, and a state may have at most 256 KiB.
  const shardDone = Succeed.jsonPath(states, 'Shard done', { outputPath: JsonPath.DISCARD });
  uploadFile.next(
    Choice.jsonPath(states, 'Row by row?')
      .when(Condition.isPresent('$.settled'), shardDone)
      .when(Condition.isPresent('$.direct'), sendDirect)
      .otherwise(createBatch),
  );
  sendDirect.next(
    Choice.jsonPath(states, 'All sent?')
      .when(Condition.stringEquals('$.phase', 'ended'), collectResults)
      .otherwise(waitAsTold(states, 'Wait for rate limit').next(sendDirect)),
  );
  createBatch
    .next(waitForBatch)
    .next(pollBatch)
    .next(
      Choice.jsonPath(states, 'Batch ended?')
        .when(Condition.stringEquals('$.phase', 'ended'), collectResults)
        .when(Condition.stringEquals('$.phase', 'overdue'), cancelBatch)
        .otherwise(waitForBatch),
    );
  cancelBatch.next(waitForBatch);
  return closeRound(states, tasks, { waitForBatch, shardDone });
}

type ShardTasks = ReturnType<typeof defineTasks>;

function defineTasks(states: Construct, steps: StepFunctions) {
  return {
    uploadFile: stepTask(states, 'Upload file', steps['upload-file'], {
      retries: [RETRY_TRANSIENT, RETRY_BUSY],
    }),
    createBatch: stepTask(states, 'Create batch', steps['create-batch'], {
      retries: [RETRY_CREATE, RETRY_FRESH_FILE, RETRY_BUSY],
    }),
    sendDirect: stepTask(states, 'Send direct', steps['send-direct'], { retries: [RETRY_TRANSIENT] }),
    pollBatch: stepTask(states, 'Poll batch', steps['poll-batch'], { retries: [RETRY_POLL] }),
    cancelBatch: stepTask(states, 'Cancel batch', steps['cancel-batch'], { retries: [RETRY_TRANSIENT] }),
    collectResults: stepTask(states, 'Collect results', steps['collect-results'], {
      retries: [RETRY_TRANSIENT],
    }),
  };
}

/** The states after *Collect results*: another look at the same batch, another round, or the shard's end. */
function closeRound(
  states: Construct,
  { uploadFile, collectResults }: ShardTasks,
  { waitForBatch, shardDone }: { readonly waitForBatch: Wait; readonly shardDone: Succeed },
): LambdaInvoke {
  catchEverything(collectResults, shardDone);
  collectResults.next(
    Choice.jsonPath(states, 'Rows to retry?')
      .when(
        Condition.stringEquals('$.next', 'retry'),
        waitAsTold(states, 'Wait before retry').next(uploadFile),
      )
      .when(Condition.stringEquals('$.next', 'look'), waitForBatch)
      // The call stopped before its time limit; the next call continues.
      .when(Condition.stringEquals('$.next', 'collect'), collectResults)
      .otherwise(shardDone),
  );
  return uploadFile;
}

/** Waits the number of whole seconds that the previous step has computed. */
function waitAsTold(states: Construct, name: string): Wait {
  return Wait.jsonPath(states, name, { time: WaitTime.secondsPath('$.waitSeconds') });
}
