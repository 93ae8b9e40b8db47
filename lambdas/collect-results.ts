import { handle } from '../src/runtime/handler.ts';
import { providerEdgesFromEnvironment } from '../src/runtime/provider-edges.ts';
import { collectResults } from '../src/steps/collect-results.ts';

export const handler = handle(collectResults, providerEdgesFromEnvironment);
