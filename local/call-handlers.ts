import { handler as buildRequests } from '../lambdas/build-requests.ts';
import { handler as cancelBatch } from '../lambdas/cancel-batch.ts';
import { handler as collectResults } from '../lambdas/collect-results.ts';
import { handler as createBatch } from '../lambdas/create-batch.ts';
import { handler as pollBatch } from '../lambdas/poll-batch.ts';
import { handler as uploadFile } from '../lambdas/upload-file.ts';
import { handler as writeResults } from '../lambdas/write-results.ts';
import type { Edges } from '../src/edges.ts';
import type { StepHost } from '../src/runtime/handler.ts';
import type { CallStep } from './engine.ts';

/** A payload is JSON that crossed the machine; what each handler takes and gives is typed in `src/contract.ts`. */
type AnyHandler = (event: never, host: StepHost) => Promise<unknown>;

const HANDLERS: Readonly<Record<string, AnyHandler>> = {
  'build-requests': buildRequests,
  'upload-file': uploadFile,
  'create-batch': createBatch,
  'poll-batch': pollBatch,
  'cancel-batch': cancelBatch,
  'collect-results': collectResults,
  'write-results': writeResults,
};

/** Calls the Lambda handlers in this process, with these edges instead of those of the environment. */
export function callHandlers(edges: Edges): CallStep {
  return (step, event) => {
    const handler = HANDLERS[step];
    if (handler === undefined) throw new Error(`The state machine calls "${step}", which is no step.`);
    return handler(event as never, { edges });
  };
}
