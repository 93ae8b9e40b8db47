import { readFile } from 'node:fs/promises';
import { InvalidRequest } from '../../src/errors.ts';

/** What the command line needs of a deployed stack: two of its outputs. */
export interface FoundStack {
  readonly name: string;
  readonly bucket: string;
  readonly stateMachineArn: string;
}

export interface FindStack {
  /** Ask CloudFormation for this stack; without, the outputs file says where it is. */
  readonly stack: string | undefined;
  /** What `cdk deploy --outputs-file` wrote. */
  readonly outputs: string;
}

type Outputs = Readonly<Record<string, unknown>>;

/** @throws InvalidRequest when there is no such stack, or it is none of ours. */
export async function findStack({ stack, outputs }: FindStack): Promise<FoundStack> {
  if (stack !== undefined) return ours(stack, await askCloudFormation(stack));
  const stacks = Object.entries(await readOutputs(outputs)).filter(([, found]) => isOurs(found));
  const [first, ...more] = stacks;
  if (first === undefined) {
    throw new InvalidRequest(
      `${outputs} has no stack with BucketName and StateMachineAliasArn: deploy it again.`,
    );
  }
  if (more.length > 0) {
    const names = stacks.map(([name]) => name).join(', ');
    throw new InvalidRequest(`${outputs} has several stacks: ${names}. Say which one with --stack.`);
  }
  return ours(...first);
}

async function readOutputs(file: string): Promise<Readonly<Record<string, Outputs>>> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) {
    throw new InvalidRequest(
      `There is no ${file}, which \`npm run deploy\` writes. ` +
        'Run this where you deployed, or name the stack with --stack <name>; jobs of this machine are in --data <folder>.',
    );
  }
  try {
    return JSON.parse(text) as Readonly<Record<string, Outputs>>;
  } catch (error) {
    throw new InvalidRequest(`${file} is not JSON. \`npm run deploy\` writes it anew.`, { cause: error });
  }
}

/** The client is loaded only now: the outputs file is all that most calls need. */
async function askCloudFormation(name: string): Promise<Outputs> {
  const { CloudFormationClient, DescribeStacksCommand } = await import('@aws-sdk/client-cloudformation');
  const client = new CloudFormationClient();
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: name }));
    return Object.fromEntries(
      (Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue }) => [OutputKey, OutputValue]),
    );
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ValidationError') throw error;
    const region = await client.config.region();
    throw new InvalidRequest(`There is no stack "${name}" in ${region}. AWS_REGION says where it is.`, {
      cause: error,
    });
  } finally {
    client.destroy();
  }
}

function isOurs(outputs: unknown): boolean {
  const { BucketName, StateMachineAliasArn } = (outputs ?? {}) as Outputs;
  return typeof BucketName === 'string' && typeof StateMachineAliasArn === 'string';
}

function ours(name: string, { BucketName, StateMachineAliasArn }: Outputs): FoundStack {
  if (typeof BucketName !== 'string' || typeof StateMachineAliasArn !== 'string') {
    throw new InvalidRequest(
      `The stack "${name}" has no outputs BucketName and StateMachineAliasArn: it is not Nightshift's, or not deployed yet.`,
    );
  }
  return { name, bucket: BucketName, stateMachineArn: StateMachineAliasArn };
}
