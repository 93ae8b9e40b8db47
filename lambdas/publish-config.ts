import { publishConfig } from '../src/job-control/publish-config.ts';
import { configFromEnvironment } from '../src/runtime/start-edges.ts';
import { edgesFromEnvironment } from '../src/runtime/environment.ts';
import { handle } from '../src/runtime/handler.ts';

export const handler = handle(publishConfig, (env) => ({
  ...edgesFromEnvironment(env),
  config: configFromEnvironment(env),
}));
