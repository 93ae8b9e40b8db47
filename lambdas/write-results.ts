import { edgesFromEnvironment } from '../src/runtime/environment.ts';
import { handle } from '../src/runtime/handler.ts';
import { writeResults } from '../src/steps/write-results.ts';

export const handler = handle(writeResults, edgesFromEnvironment);
