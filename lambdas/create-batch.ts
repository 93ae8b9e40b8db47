import { handle } from '../src/runtime/handler.ts';
import { providerEdgesFromEnvironment } from '../src/runtime/provider-edges.ts';
import { createBatch } from '../src/steps/create-batch.ts';

export const handler = handle(createBatch, providerEdgesFromEnvironment);
