import { handle } from '../src/runtime/handler.ts';
import { providerEdgesFromEnvironment } from '../src/runtime/provider-edges.ts';
import { pollBatch } from '../src/steps/poll-batch.ts';

export const handler = handle(pollBatch, providerEdgesFromEnvironment);
