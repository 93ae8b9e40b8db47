import { edgesFromEnvironment } from '../src/runtime/environment.ts';
import { handle } from '../src/runtime/handler.ts';
import { buildRequests } from '../src/steps/build-requests.ts';

export const handler = handle(buildRequests, edgesFromEnvironment);
