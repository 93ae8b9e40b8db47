import { parseConfig, type NightshiftConfig } from '../config/config.ts';
import { createSfnExecutions } from '../executions/sfn-executions.ts';
import type { StartEdges } from '../doors/start-job.ts';
import type { Environment } from './api-key.ts';
import { edgesFromEnvironment, requireVariables } from './environment.ts';

/** The edges of a door, from its environment: `STATE_MACHINE_ARN` beside those of a step. */
export function startEdgesFromEnvironment(env: Environment): StartEdges {
  const { STATE_MACHINE_ARN } = requireVariables(env, ['STATE_MACHINE_ARN']);
  return {
    ...edgesFromEnvironment(env),
    config: readConfig(),
    executions: createSfnExecutions(STATE_MACHINE_ARN),
  };
}

/** The bundler puts the configuration (base64 JSON) in place of this very expression: it is too long for a variable. */
function readConfig(): NightshiftConfig {
  const encoded = process.env.NIGHTSHIFT_CONFIG ?? '';
  return parseConfig(JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')));
}
