import { handle } from '../src/runtime/handler.ts';
import { collectResults } from '../src/steps/collect-results.ts';

export const handler = handle(collectResults);
