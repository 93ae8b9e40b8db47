import { handle } from '../src/runtime/handler.ts';
import { pollBatch } from '../src/steps/poll-batch.ts';

export const handler = handle(pollBatch);
