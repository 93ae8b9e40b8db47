import { parentPort } from 'node:worker_threads';
import type { DeployedProviders } from '../src/config/deployed-providers.ts';
import type { Log, LogEvent, LogFields } from '../src/log.ts';
import { callHandlers, loadFirstSteps } from './call-handlers.ts';
import type { CallStep } from './engine.ts';
import { machineEdges } from './machine-edges.ts';

/**
 * The thread that runs the steps. A step that computes without end blocks only this thread, so the host still handles signals and
 * requests. The thread may start before its settings are known: the first message, `open`, contains them.
 */

interface OpenMessage {
  readonly kind: 'open';
  /** The data folder. */
  readonly folder: string;
  /** The URL that each provider's key may be sent to. */
  readonly providers: DeployedProviders;
  readonly environment: Readonly<NodeJS.ProcessEnv>;
}

/** Messages from the host. */
export type ToWorker =
  | OpenMessage
  | { readonly kind: 'call'; readonly id: number; readonly step: string; readonly event: unknown }
  | { readonly kind: 'ping' }
  /** The host is stopping: calls finish what they began, and start nothing new. */
  | { readonly kind: 'halt' }
  /** No caller waits for the calls any more. The thread will be ended shortly. */
  | { readonly kind: 'abandon' };

/** Messages to the host. */
export type FromWorker =
  | { readonly kind: 'left'; readonly id: number; readonly output: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly name: string; readonly message: string }
  | { readonly kind: 'log'; readonly event: LogEvent; readonly fields: LogFields }
  | { readonly kind: 'pong' };

if (parentPort === null) throw new Error('This module is the thread of a host.');
const port = parentPort;

const post = (message: FromWorker): void => port.postMessage(message);

const halted = new AbortController();
const abandoned = new AbortController();
let call: CallStep = () => Promise.reject(new Error('The host has not sent its settings yet.'));

port.on('message', (message: ToWorker) => {
  if (message.kind === 'open') call = open(message);
  else if (message.kind === 'ping') post({ kind: 'pong' });
  else if (message.kind === 'halt') halted.abort();
  else if (message.kind === 'abandon') abandoned.abort();
  else void run(message.id, message.step, message.event);
});

await loadFirstSteps();

function open({ folder, providers, environment }: OpenMessage): CallStep {
  Object.assign(process.env, environment);
  const log: Log = (event, fields) => post({ kind: 'log', event, fields });
  const edges = machineEdges({ folder, log, providers, signal: abandoned.signal });
  return callHandlers({ ...edges, halted: halted.signal });
}

async function run(id: number, step: string, event: unknown): Promise<void> {
  try {
    post({ kind: 'left', id, output: await call(step, event) });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    post({ kind: 'failed', id, name, message });
  }
}
