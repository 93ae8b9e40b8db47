import { INPUT_PREFIX } from '../src/checkpoints/keys.ts';
import type { BatchWorkflow } from './batch-workflow.ts';

/** One output for the users of a deployed workflow. */
export interface WorkflowOutput {
  readonly name: string;
  readonly description: string;
  readonly value: string;
}

/** The outputs of a workflow. The command line finds a workflow by `BucketName` and `StateMachineAliasArn`. */
export function workflowOutputs(workflow: BatchWorkflow): WorkflowOutput[] {
  const { bucket, providerKeys, stateMachine, stateMachineAliasArn, api, deadLetters } = workflow;
  const output = (name: string, description: string, value: string): WorkflowOutput => ({
    name,
    description,
    value,
  });
  return [
    output('BucketName', 'Bucket with inputs, checkpoints and results', bucket.bucketName),
    output(
      'InputLocation',
      'Drop files here, or in a folder named by a profile; see FirstJob for the first five minutes',
      bucket.s3UrlForObject(INPUT_PREFIX),
    ),
    output(
      'FirstJob',
      'Start the first job with this: S3 begins to send events of drops about five minutes after the first deploy',
      'npx nightshift submit examples/hanse.jsonl --wait',
    ),
    output('StateMachineArn', 'State machine: one execution per job', stateMachine.stateMachineArn),
    output(
      'StateMachineAliasArn',
      'ARN for starting executions: the version of the last deploy',
      stateMachineAliasArn,
    ),
    output(
      'ProviderKeysSecretArn',
      'Secret for the keys of the providers: {"<provider>": "<key>"}',
      providerKeys.secretArn,
    ),
    ...(api === undefined
      ? []
      : [
          output(
            'ApiUrl',
            'API: POST /jobs, GET /jobs/{jobId}, … GET /openapi.json describes it',
            api.apiEndpoint,
          ),
        ]),
    output(
      'DeadLetterQueueUrl',
      'Queue with failed events, such as a dropped file that started no job; normally empty',
      deadLetters.queueUrl,
    ),
  ];
}
