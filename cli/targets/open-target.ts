import { resolve } from 'node:path';
import { printable } from '../../src/text/printable.ts';
import { parseConfig, type NightshiftConfig } from '../../src/config/config.ts';
import { deployedConfigObject } from '../../src/config/deployed-config.ts';
import type { LoadConfig } from '../config/load-config.ts';
import { printError } from '../output.ts';
import type { StartEdges } from '../../src/job-control/start-job.ts';
import { InvalidRequest } from '../../src/errors.ts';
import type { StatusEdges } from '../../src/status/job-status.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { createFolderExecutions, isFolderBusy, isThere } from './folder-executions.ts';
import { findStack, type FindStack } from './find-stack.ts';

/** The location of jobs: a deployed stack, or a data folder. */
export interface Target extends StatusEdges {
  /** Name for people. */
  readonly name: string;
  /** Options that select this target, for suggested commands. */
  readonly options: string;
  /** True if a waiting job continues without a command. */
  isAlive(): Promise<boolean>;
}

export interface OpenTarget extends FindStack {
  readonly data?: string | undefined;
}

export const ONE_TARGET = '--data is a folder of this machine, --stack a deployed stack: give one of them.';

/**
 * Opens the data folder or the deployed stack that the options name.
 * @throws InvalidRequest when the stack or folder does not exist.
 */
export async function openTarget({ data, ...where }: OpenTarget): Promise<Target> {
  if (data === undefined) return openStack(where);
  if (where.stack !== undefined) throw new InvalidRequest(ONE_TARGET);
  if (!(await isThere(data))) {
    throw new InvalidRequest(`There is no folder "${data}". \`nightshift run\` creates nightshift-data.`);
  }
  const store = createFolderStore(resolve(data));
  const isBusy = (): Promise<boolean> => isFolderBusy(resolve(data));
  return {
    name: printable(data),
    options: ` --data ${printable(data)}`,
    store,
    executions: createFolderExecutions(store, isBusy),
    isAlive: isBusy,
  };
}

/** Opens a deployed stack, with the same credentials as AWS's own tools. */
export async function openStack(where: FindStack): Promise<Target> {
  const { name, bucket, stateMachineArn } = await findStack(where);
  // The region of the stack, which may differ from that of the environment: arn:aws:states:<region>:…
  const [, , , region = ''] = stateMachineArn.split(':');
  if (region !== '') process.env['AWS_REGION'] = region;
  // Loaded only here, because help and folders do not need the SDK.
  const [{ openStore }, { createSfnExecutions }] = await Promise.all([
    import('../../src/store/open-store.ts'),
    import('../../src/executions/sfn-executions.ts'),
  ]);
  return {
    name: `stack ${name}`,
    options: where.stack === undefined ? '' : ` --stack ${where.stack}`,
    store: openStore(`s3://${bucket}`),
    executions: createSfnExecutions(stateMachineArn),
    isAlive: () => Promise.resolve(true),
  };
}

/**
 * The configuration for jobs of a deployed stack: the deployed one. A stack of a version that did not publish it uses the
 * configuration of the working directory.
 */
export async function configOf({ store, name }: Target, loadConfig: LoadConfig): Promise<NightshiftConfig> {
  const deployed = await deployedConfigObject.read(store, undefined);
  if (deployed !== undefined) return parseConfig(deployed);
  printError(
    `The ${name} does not publish its configuration: the configuration of this folder is used. Deploy the stack again to change that.`,
  );
  return loadConfig();
}

/** Edges for starting, resuming and cancelling jobs of a target. */
export function startEdges({ store, executions }: Target, config: NightshiftConfig): StartEdges {
  return {
    store,
    executions,
    config,
    clock: { now: () => Date.now() },
    random: Math.random,
    log: () => undefined,
  };
}
