import { handle } from '../src/runtime/handler.ts';
import { providerEdgesFromEnvironment } from '../src/runtime/provider-edges.ts';
import { cancelBatch } from '../src/steps/cancel-batch.ts';

export const handler = handle(cancelBatch, providerEdgesFromEnvironment);
