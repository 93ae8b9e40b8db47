import { Worker } from 'node:worker_threads';
import type { DeployedProviders } from '../src/config/deployed-providers.ts';
import type { ToWorker } from './step-worker.ts';
import { STEP_WORKER, HEAP_LIMITS } from './threads.ts';

const start = (module: URL): Worker => new Worker(module, { resourceLimits: HEAP_LIMITS });

/** A thread that was started early and runs no steps yet. */
let prepared: Worker | undefined;

/**
 * Starts the thread for steps early, so that it loads on another core while this process loads its own code. The thread does not
 * keep the process running.
 */
export function prepareStepThread(): void {
  if (prepared !== undefined) return;
  prepared = start(STEP_WORKER);
  prepared.unref();
}

/** Settings of a thread for steps. */
interface StepThread {
  /** The data folder. */
  readonly folder: string;
  /** The URL that each provider's key may be sent to. */
  readonly providers: DeployedProviders;
  /** Module of the thread. Default: the one that runs the steps. */
  readonly module?: URL | undefined;
}

/** Opens a thread for steps. */
export function openStepThread({ folder, providers, module }: StepThread): Worker {
  const worker = (module === undefined ? prepared : undefined) ?? start(module ?? STEP_WORKER);
  if (worker === prepared) prepared = undefined;
  worker.ref();
  const open: ToWorker = { kind: 'open', folder, providers, environment: { ...process.env } };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  worker.postMessage(open);
  return worker;
}
