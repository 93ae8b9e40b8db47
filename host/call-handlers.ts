import { handler as announceJob } from '../lambdas/announce-job.ts';
import { handler as buildRequests } from '../lambdas/build-requests.ts';
import { handler as cancelBatch } from '../lambdas/cancel-batch.ts';
import { handler as collectResults } from '../lambdas/collect-results.ts';
import { handler as createBatch } from '../lambdas/create-batch.ts';
import { handler as pollBatch } from '../lambdas/poll-batch.ts';
import { handler as sendDirect } from '../lambdas/send-direct.ts';
import { handler as uploadFile } from '../lambdas/upload-file.ts';
import { handler as writeResults } from '../lambdas/write-results.ts';
import { handler as cancelJob } from '../lambdas/cancel-job.ts';
import { handler as startJob } from '../lambdas/start-job.ts';
import type { TaskEdges } from '../src/announce/channel.ts';
import type { StepHost } from '../src/runtime/handler.ts';
import type { StartEdges } from '../src/doors/start-job.ts';
import type { CallStep } from './engine.ts';

/** A payload is JSON that crossed the machine; what each handler takes and gives is typed in `src/contract.ts`. */
type AnyHandler = (event: never, host: never) => Promise<unknown>;

const HANDLERS: Readonly<Record<string, AnyHandler>> = {
  'build-requests': buildRequests,
  'upload-file': uploadFile,
  'create-batch': createBatch,
  'send-direct': sendDirect,
  'poll-batch': pollBatch,
  'cancel-batch': cancelBatch,
  'collect-results': collectResults,
  'write-results': writeResults,
  'announce-job': announceJob,
};

/** Calls the handlers of the machine's Tasks in this process, with these edges instead of those of the environment. */
export function callHandlers(edges: TaskEdges): CallStep {
  return caller(HANDLERS, { edges });
}

const DOORS: Readonly<Record<string, AnyHandler>> = { 'start-job': startJob, 'cancel-job': cancelJob };

/** {@link callHandlers} for the functions that events go to. */
export function callDoors(edges: StartEdges): CallStep {
  return caller(DOORS, { edges });
}

function caller(handlers: Readonly<Record<string, AnyHandler>>, host: StepHost): CallStep {
  return (step, event) => {
    const handler = handlers[step];
    if (handler === undefined) throw new Error(`The stack calls "${step}", which is no step.`);
    return handler(event as never, host as never);
  };
}
