import { handle } from '../src/runtime/handler.ts';
import { createBatch } from '../src/steps/create-batch.ts';

export const handler = handle(createBatch);
