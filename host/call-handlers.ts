import type { TaskEdges } from '../src/announce/channel.ts';
import { handle, type StepHost } from '../src/runtime/handler.ts';
import type { StartEdges } from '../src/job-control/start-job.ts';
import { READ_ITEMS } from './distributed-map.ts';
import type { CallStep } from './engine.ts';

/**
 * A step with any payload. Payloads are JSON from the state machine, so they are untyped here. `src/contract.ts` has the types of
 * each step.
 */
type AnyStep = (edges: never, event: never) => Promise<unknown>;

/** Loads a step's code when the step is first called. */
type LoadStep = () => Promise<AnyStep>;

/** Reads the items of a map. This is not a step of the workflow: on AWS, Step Functions itself reads them. */
const READS: Readonly<Record<string, LoadStep>> = {
  [READ_ITEMS]: async () => (await import('./read-items.ts')).readItems,
};

/**
 * The steps behind the handlers of `lambdas/`, by the same names. The handlers are not used because they load the AWS SDK, which
 * this host does not need and which takes longer than the rest of a start.
 */
const STEPS: Readonly<Record<string, LoadStep>> = {
  'build-requests': async () => (await import('../src/steps/build-requests.ts')).buildRequests,
  'build-slice': async () => (await import('../src/steps/build-slice.ts')).buildSlice,
  'upload-file': async () => (await import('../src/steps/upload-file.ts')).uploadFile,
  'create-batch': async () => (await import('../src/steps/create-batch.ts')).createBatch,
  'send-direct': async () => (await import('../src/steps/send-direct.ts')).sendDirect,
  'poll-batch': async () => (await import('../src/steps/poll-batch.ts')).pollBatch,
  'cancel-batch': async () => (await import('../src/steps/cancel-batch.ts')).cancelBatch,
  'collect-results': async () => (await import('../src/steps/collect-results.ts')).collectResults,
  'write-results': async () => (await import('../src/steps/write-results.ts')).writeResults,
  'announce-job': async () => (await import('../src/steps/announce-job.ts')).announceJob,
};

/** Loads the code of a job's first steps in advance. */
export async function loadFirstSteps(): Promise<void> {
  for (const step of ['build-requests', 'upload-file', 'create-batch']) await STEPS[step]?.();
}

/** Calls the steps of the machine's Tasks in this process with these edges. */
export function callHandlers(edges: TaskEdges): CallStep {
  return caller({ ...STEPS, ...READS }, { edges });
}

const ENTRY_FUNCTIONS: Readonly<Record<string, LoadStep>> = {
  'start-job': async () => (await import('../src/job-control/start-job-by-event.ts')).startJobByEvent,
  'cancel-job': async () => (await import('../src/job-control/cancel-job.ts')).cancelStoppedJob,
};

/** Calls the functions that receive events, in this process with these edges. */
export function callEntryFunctions(edges: StartEdges): CallStep {
  return caller(ENTRY_FUNCTIONS, { edges });
}

function caller(steps: Readonly<Record<string, LoadStep>>, host: StepHost): CallStep {
  return async (name, event) => {
    const load = steps[name];
    if (load === undefined) throw new Error(`The stack calls "${name}", which is not a step.`);
    const step = handle(await load(), openNoEdges);
    return step(event as never, host as never);
  };
}

/** Never called, because the host passes its edges with each call. */
function openNoEdges(): never {
  throw new Error('The host must pass the edges of its steps.');
}
