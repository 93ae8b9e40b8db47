import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { SimulatorOpened, SimulatorThread } from './simulator-worker.ts';
import { SIMULATOR_WORKER, HEAP_LIMITS } from './threads.ts';

/** A simulator in a separate thread. */
export interface OpenSimulator extends AsyncDisposable {
  /** Its base URL, version included. */
  readonly url: string;
}

/** Starts a simulator that keeps its files and batches in a folder. */
export async function openSimulator(folder: string): Promise<OpenSimulator> {
  const workerData: SimulatorThread = { folder };
  const worker = new Worker(SIMULATOR_WORKER, { workerData, resourceLimits: HEAP_LIMITS });
  const [{ url }] = (await once(worker, 'message')) as [SimulatorOpened];
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      const ended = once(worker, 'exit');
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      worker.postMessage('close');
      await ended;
    },
  };
}
