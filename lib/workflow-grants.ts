import { ArnFormat, Stack } from 'aws-cdk-lib';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { DEPLOYED_CONFIG_KEY, INDEX_PREFIX, INPUT_PREFIX, OUTPUT_PREFIX } from '../src/checkpoints/keys.ts';
import type { BatchWorkflow } from './batch-workflow.ts';

export function grantDrop(
  bucket: IBucket,
  key: IKey | undefined,
  grantee: IGrantable,
  profile: string | undefined,
): Grant {
  const folder = profile === undefined ? INPUT_PREFIX : `${INPUT_PREFIX}${profile}/`;
  return combine([
    // A large file is a multipart upload, which may be aborted.
    onObjects(bucket, grantee, ['s3:PutObject', 's3:AbortMultipartUpload'], [`${folder}*`]),
    key?.grant(grantee, 'kms:Decrypt', 'kms:GenerateDataKey'),
  ]);
}

export function grantReadResults(bucket: IBucket, key: IKey | undefined, grantee: IGrantable): Grant {
  return combine([
    onObjects(bucket, grantee, ['s3:GetObject'], [`${OUTPUT_PREFIX}*`]),
    listing(bucket, grantee),
    key?.grant(grantee, 'kms:Decrypt'),
  ]);
}

/** The permissions of the command line, as listed in `docs/command-line.md`. */
export function grantStart(workflow: BatchWorkflow, key: IKey | undefined, grantee: IGrantable): Grant {
  const { bucket, api, stateMachine, stateMachineAliasArn } = workflow;
  return combine([
    listing(bucket, grantee),
    onObjects(
      bucket,
      grantee,
      ['s3:GetObject'],
      ['jobs/*', `${INPUT_PREFIX}*`, `${OUTPUT_PREFIX}*`, `${INDEX_PREFIX}*`, DEPLOYED_CONFIG_KEY],
    ),
    onObjects(
      bucket,
      grantee,
      ['s3:PutObject', 's3:AbortMultipartUpload'],
      ['jobs/*', `${INDEX_PREFIX}*`, 'output/*/summary.json'],
    ),
    onObjects(bucket, grantee, ['s3:DeleteObject'], ['jobs/*/stop.json', 'output/*/summary.json']),
    key?.grant(grantee, 'kms:Decrypt', 'kms:GenerateDataKey'),
    Grant.addToPrincipal({
      grantee,
      actions: ['states:StartExecution'],
      resourceArns: [stateMachine.stateMachineArn, stateMachineAliasArn],
    }),
    Grant.addToPrincipal({
      grantee,
      actions: ['states:DescribeExecution', 'states:StopExecution'],
      resourceArns: [executionsOf(workflow)],
    }),
    api === undefined
      ? undefined
      : Grant.addToPrincipal({
          grantee,
          actions: ['execute-api:Invoke'],
          resourceArns: [api.arnForExecuteApi()],
        }),
  ]);
}

function onObjects(bucket: IBucket, grantee: IGrantable, actions: string[], keys: readonly string[]): Grant {
  const resourceArns = keys.map((each) => bucket.arnForObjects(each));
  return Grant.addToPrincipal({ grantee, actions, resourceArns });
}

/** Allows listing the bucket. Without it, S3 answers 403 for a missing key, not 404. */
function listing(bucket: IBucket, grantee: IGrantable): Grant {
  return Grant.addToPrincipal({ grantee, actions: ['s3:ListBucket'], resourceArns: [bucket.bucketArn] });
}

function executionsOf({ stateMachine }: BatchWorkflow): string {
  const stack = Stack.of(stateMachine);
  const arnFormat = ArnFormat.COLON_RESOURCE_NAME;
  const { resourceName } = stack.splitArn(stateMachine.stateMachineArn, arnFormat);
  return stack.formatArn({
    service: 'states',
    resource: 'execution',
    resourceName: `${resourceName}:*`,
    arnFormat,
  });
}

function combine(grants: readonly (Grant | undefined)[]): Grant {
  const [first, ...more] = grants.filter((grant) => grant !== undefined);
  if (first === undefined) throw new TypeError('A grant of nothing.');
  return more.reduce((all, grant) => all.combine(grant), first);
}
