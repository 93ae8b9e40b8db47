import type { TaskEdges } from '../src/announce/channel.ts';
import type { StepHost } from '../src/runtime/handler.ts';
import type { StartEdges } from '../src/doors/start-job.ts';
import { READ_ITEMS } from './distributed-map.ts';
import type { CallStep } from './engine.ts';

/** A payload is JSON that crossed the machine; what each handler takes and gives is typed in `src/contract.ts`. */
type AnyHandler = (event: never, host: never) => Promise<unknown>;

/** Loads a step's code when the step is first called. */
type LoadStep = () => Promise<{ readonly handler: AnyHandler }>;

/** Not a step of the workflow: what Step Functions itself does. */
const READS: Readonly<Record<string, LoadStep>> = { [READ_ITEMS]: () => import('./read-items.ts') };

const HANDLERS: Readonly<Record<string, LoadStep>> = {
  'build-requests': () => import('../lambdas/build-requests.ts'),
  'upload-file': () => import('../lambdas/upload-file.ts'),
  'create-batch': () => import('../lambdas/create-batch.ts'),
  'send-direct': () => import('../lambdas/send-direct.ts'),
  'poll-batch': () => import('../lambdas/poll-batch.ts'),
  'cancel-batch': () => import('../lambdas/cancel-batch.ts'),
  'collect-results': () => import('../lambdas/collect-results.ts'),
  'write-results': () => import('../lambdas/write-results.ts'),
  'announce-job': () => import('../lambdas/announce-job.ts'),
};

/** Loads what every job begins with, before its first step is called. */
export async function loadFirstSteps(): Promise<void> {
  for (const step of ['build-requests', 'upload-file', 'create-batch']) await HANDLERS[step]?.();
}

/** Calls the handlers of the machine's Tasks in this process, with these edges instead of those of the environment. */
export function callHandlers(edges: TaskEdges): CallStep {
  return caller({ ...HANDLERS, ...READS }, { edges });
}

const DOORS: Readonly<Record<string, LoadStep>> = {
  'start-job': () => import('../lambdas/start-job.ts'),
  'cancel-job': () => import('../lambdas/cancel-job.ts'),
};

/** {@link callHandlers} for the functions that events go to. */
export function callDoors(edges: StartEdges): CallStep {
  return caller(DOORS, { edges });
}

function caller(steps: Readonly<Record<string, LoadStep>>, host: StepHost): CallStep {
  return async (step, event) => {
    const load = steps[step];
    if (load === undefined) throw new Error(`The stack calls "${step}", which is no step.`);
    const { handler } = await load();
    return handler(event as never, host as never);
  };
}
