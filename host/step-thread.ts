import { Worker } from 'node:worker_threads';
import type { DeployedProviders } from '../src/config/deployed-providers.ts';
import type { ToWorker } from './step-worker.ts';
import { STEP_WORKER, YOUNG_GENERATION } from './threads.ts';

const start = (module: URL): Worker => new Worker(module, { resourceLimits: YOUNG_GENERATION });

/** A thread that is loaded, or loading, and has no steps to run yet. */
let prepared: Worker | undefined;

/**
 * Starts the thread that steps run in before it is known which steps those are: it loads on another core while this
 * process loads its own code. A process that ends without it does not wait for it.
 */
export function prepareStepThread(): void {
  if (prepared !== undefined) return;
  prepared = start(STEP_WORKER);
  prepared.unref();
}

/** The steps that a thread runs. */
interface StepThread {
  /** The data folder. */
  readonly folder: string;
  /** Where each provider's key may go. */
  readonly providers: DeployedProviders;
  /** The code of the thread. Default: the steps' handlers. */
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
