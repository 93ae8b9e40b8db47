import { edgesFromEnvironment } from '../src/runtime/environment.ts';
import { handle } from '../src/runtime/handler.ts';
import { buildSlice } from '../src/steps/build-slice.ts';

export const handler = handle(buildSlice, edgesFromEnvironment);
