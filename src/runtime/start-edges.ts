import { parseConfig, type NightshiftConfig } from '../config/config.ts';
import { createSfnExecutions } from '../executions/sfn-executions.ts';
import type { StartEdges } from '../job-control/start-job.ts';
import { InvalidRequest } from '../errors.ts';
import type { Environment } from './api-key.ts';
import { readDeployedFile } from './deployed-file.ts';
import { edgesFromEnvironment, requireVariables } from './environment.ts';

/** Edges for starting jobs. Reads `STATE_MACHINE_ARN` from the environment, beside the variables of a step. */
export function startEdgesFromEnvironment(env: Environment): StartEdges {
  const { STATE_MACHINE_ARN } = requireVariables(env, ['STATE_MACHINE_ARN']);
  return {
    ...edgesFromEnvironment(env),
    config: configFromEnvironment(env),
    executions: createSfnExecutions(STATE_MACHINE_ARN),
  };
}

/**
 * Reads the configuration that a function was deployed with.
 * @throws InvalidRequest when it is missing
 */
export function configFromEnvironment(env: Environment): NightshiftConfig {
  const config = readDeployedFile('config', env);
  if (config !== undefined) return parseConfig(config);
  throw new InvalidRequest(
    'The function was deployed without its configuration: config.json is missing beside its code.',
  );
}
