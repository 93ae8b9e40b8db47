import type { TaskEdges } from '../src/announce/channel.ts';
import { handle, type StepHost } from '../src/runtime/handler.ts';
import type { StartEdges } from '../src/doors/start-job.ts';
import { READ_ITEMS } from './distributed-map.ts';
import type { CallStep } from './engine.ts';

/** A payload is JSON that crossed the machine; what each step takes and gives is typed in `src/contract.ts`. */
type AnyStep = (edges: never, event: never) => Promise<unknown>;

/** Loads a step's code when the step is first called. */
type LoadStep = () => Promise<AnyStep>;

/** Not a step of the workflow: what Step Functions itself does. */
const READS: Readonly<Record<string, LoadStep>> = {
  [READ_ITEMS]: async () => (await import('./read-items.ts')).readItems,
};

/**
 * What the handlers of `lambdas/` run, by the same names. Those files themselves load AWS's SDK for edges that this host does not use,
 * which takes longer than all the rest of a start.
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

/** Loads what every job begins with, before its first step is called. */
export async function loadFirstSteps(): Promise<void> {
  for (const step of ['build-requests', 'upload-file', 'create-batch']) await STEPS[step]?.();
}

/** Calls the steps of the machine's Tasks in this process as their handlers do, with these edges. */
export function callHandlers(edges: TaskEdges): CallStep {
  return caller({ ...STEPS, ...READS }, { edges });
}

const DOORS: Readonly<Record<string, LoadStep>> = {
  'start-job': async () => (await import('../src/doors/start-job-by-event.ts')).startJobByEvent,
  'cancel-job': async () => (await import('../src/doors/cancel-job.ts')).cancelStoppedJob,
};

/** {@link callHandlers} for the functions that events go to. */
export function callDoors(edges: StartEdges): CallStep {
  return caller(DOORS, { edges });
}

function caller(steps: Readonly<Record<string, LoadStep>>, host: StepHost): CallStep {
  return async (name, event) => {
    const load = steps[name];
    if (load === undefined) throw new Error(`The stack calls "${name}", which is no step.`);
    const step = handle(await load(), openNoEdges);
    return step(event as never, host as never);
  };
}

/** Not called: the host's edges come with each call. */
function openNoEdges(): never {
  throw new Error('A host brings the edges of its steps.');
}
