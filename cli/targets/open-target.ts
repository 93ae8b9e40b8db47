import { resolve } from 'node:path';
import { printable } from '../../src/printable.ts';
import { parseConfig, type NightshiftConfig } from '../../src/config/config.ts';
import { deployedConfigObject } from '../../src/config/deployed-config.ts';
import type { LoadConfig } from '../config/load-config.ts';
import { printError } from '../output.ts';
import type { StartEdges } from '../../src/doors/start-job.ts';
import { InvalidRequest } from '../../src/errors.ts';
import type { StatusEdges } from '../../src/status/job-status.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { createFolderExecutions, isFolderBusy, isThere } from './folder-executions.ts';
import { findStack, type FindStack } from './find-stack.ts';

/** Where jobs are: a deployed stack, or a data folder. */
export interface Target extends StatusEdges {
  /** For people. */
  readonly name: string;
  /** The options that lead here, for commands that are suggested. */
  readonly options: string;
  /** Whether a waiting job continues without a command. */
  isAlive(): Promise<boolean>;
}

export interface OpenTarget extends FindStack {
  readonly data?: string | undefined;
}

export const ONE_TARGET = '--data is a folder of this machine, --stack a deployed stack: give one of them.';

/** @throws InvalidRequest when there is no such stack or folder. */
export async function openTarget({ data, ...where }: OpenTarget): Promise<Target> {
  if (data === undefined) return openStack(where);
  if (where.stack !== undefined) throw new InvalidRequest(ONE_TARGET);
  if (!(await isThere(data))) {
    throw new InvalidRequest(`There is no folder "${data}". \`nightshift run\` makes nightshift-data.`);
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

/** A deployed stack, with the credentials that AWS's own tools would use. */
export async function openStack(where: FindStack): Promise<Target> {
  const { name, bucket, stateMachineArn } = await findStack(where);
  // The stack is there, wherever the environment says that one usually works: arn:aws:states:<region>:…
  const [, , , region = ''] = stateMachineArn.split(':');
  if (region !== '') process.env['AWS_REGION'] = region;
  // Only now: those who ask for help, or look at a folder, need not wait for the SDK.
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
 * The configuration that jobs of a deployed stack are started with: the one that was deployed. Stacks of a version that did not
 * publish it yet are used with the configuration of the working directory.
 */
export async function configOf({ store, name }: Target, loadConfig: LoadConfig): Promise<NightshiftConfig> {
  const deployed = await deployedConfigObject.read(store, undefined);
  if (deployed !== undefined) return parseConfig(deployed);
  printError(
    `The ${name} does not say how it is configured: the configuration of this folder is used. Deploy the stack again to change that.`,
  );
  return loadConfig();
}

/** The edges for starting, resuming and cancelling jobs there. */
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
