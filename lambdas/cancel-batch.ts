import { handle } from '../src/runtime/handler.ts';
import { cancelBatch } from '../src/steps/cancel-batch.ts';

export const handler = handle(cancelBatch);
