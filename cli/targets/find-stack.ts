import { readFile } from 'node:fs/promises';
import { InvalidRequest } from '../../src/errors.ts';

/** The outputs of a deployed stack that the command line needs. */
export interface FoundStack {
  readonly name: string;
  readonly bucket: string;
  readonly stateMachineArn: string;
}

export interface FindStack {
  /** Name of a stack to look up in CloudFormation; without it, the outputs file is read. */
  readonly stack: string | undefined;
  /** The file that `cdk deploy --outputs-file` wrote. */
  readonly outputs: string;
}

type Outputs = Readonly<Record<string, unknown>>;

/**
 * Finds a workflow. A stack may have several workflows, each with a prefix for its outputs: `--stack Name/Prefix`.
 * @throws InvalidRequest when no stack or workflow has this name, or Nightshift did not create it
 */
export async function findStack({ stack, outputs }: FindStack): Promise<FoundStack> {
  if (stack === undefined) {
    const deployed = workflowsOf(await readOutputs(outputs));
    return onlyOne(deployed, {
      none: `${outputs} has no stack with BucketName and StateMachineAliasArn: deploy it again. ${OWN}`,
      several: `${outputs} has several stacks`,
    });
  }
  const [name = '', prefix] = stack.split('/');
  const found = workflowsOf({ [name]: await askCloudFormation(name) });
  const named = prefix === undefined ? found : found.filter((each) => each.name === stack);
  return onlyOne(named, {
    none: `The stack "${stack}" has no outputs BucketName and StateMachineAliasArn: it was not created by Nightshift, or is not deployed yet. ${OWN}`,
    several: `The stack "${stack}" has several workflows`,
  });
}

const OWN = 'Your own stack gets them with workflow.addOutputs().';

function onlyOne(
  workflows: readonly FoundStack[],
  says: { readonly none: string; readonly several: string },
): FoundStack {
  const [first, ...more] = workflows;
  if (first === undefined) throw new InvalidRequest(says.none);
  if (more.length > 0) {
    const names = workflows.map(({ name }) => name).join(', ');
    throw new InvalidRequest(`${says.several}: ${names}. Choose one with --stack.`);
  }
  return first;
}

const BUCKET = 'BucketName';

/** Every workflow of these stacks, named by its stack and its prefix if it has one. */
function workflowsOf(stacks: Readonly<Record<string, Outputs>>): FoundStack[] {
  return Object.entries(stacks).flatMap(([stack, given]) => {
    const outputs = given ?? {};
    const prefixes = Object.keys(outputs).flatMap((output) =>
      output.endsWith(BUCKET) ? [output.slice(0, -BUCKET.length)] : [],
    );
    return prefixes.flatMap((prefix) => {
      const bucket = outputs[`${prefix}${BUCKET}`];
      const stateMachineArn = outputs[`${prefix}StateMachineAliasArn`];
      if (typeof bucket !== 'string' || typeof stateMachineArn !== 'string') return [];
      return [{ name: prefix === '' ? stack : `${stack}/${prefix}`, bucket, stateMachineArn }];
    });
  });
}

async function readOutputs(file: string): Promise<Readonly<Record<string, Outputs>>> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) {
    throw new InvalidRequest(
      `There is no ${file}, which \`npm run deploy\` writes, and no data folder of this machine's jobs is here. ` +
        'Run this where you deployed or ran Nightshift, or name the stack with --stack <name> or the data folder with --data <folder>.',
    );
  }
  try {
    return JSON.parse(text) as Readonly<Record<string, Outputs>>;
  } catch (error) {
    throw new InvalidRequest(`${file} is not JSON. \`npm run deploy\` writes it again.`, { cause: error });
  }
}

/**
 * Reads the outputs of a stack from CloudFormation. Loads the client only here, because most calls need only the outputs file.
 */
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
    throw new InvalidRequest(
      `There is no stack "${name}" in ${region}. Set AWS_REGION to the region of the stack.`,
      {
        cause: error,
      },
    );
  } finally {
    client.destroy();
  }
}
