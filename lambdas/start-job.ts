import { parseConfig, type NightshiftConfig } from '../src/config/config.ts';
import { createSfnExecutions } from '../src/executions/sfn-executions.ts';
import { edgesFromEnvironment, requireVariables } from '../src/runtime/environment.ts';
import { handleWith } from '../src/runtime/handler.ts';
import { startDroppedJob } from '../src/steps/start-dropped-job.ts';
import type { StartEdges } from '../src/steps/start-job.ts';

export const handler = handleWith(startDroppedJob, openStartEdges);

function openStartEdges(): StartEdges {
  const { STATE_MACHINE_ARN } = requireVariables(process.env, ['STATE_MACHINE_ARN']);
  return {
    ...edgesFromEnvironment(process.env),
    config: readConfig(),
    executions: createSfnExecutions(STATE_MACHINE_ARN),
  };
}

/** The bundler puts the configuration (base64 JSON) in place of this very expression: it is too long for a variable. */
function readConfig(): NightshiftConfig {
  const encoded = process.env.NIGHTSHIFT_CONFIG ?? '';
  return parseConfig(JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')));
}
