import type { TaskEdges } from '../src/announce/channel.ts';
import type { DeployedProviders } from '../src/config/deployed-providers.ts';
import type { Log } from '../src/log.ts';
import { NO_EVENT_BUS, withWebhook } from '../src/runtime/channels.ts';
import { openProviderCalls } from '../src/runtime/provider-calls.ts';
import { createFolderStore } from '../src/store/folder-store.ts';

/** What the edges of this machine's steps are made of. */
export interface MachineEdges {
  /** The data folder. */
  readonly folder: string;
  readonly log: Log;
  /** Where each provider's key may go. */
  readonly providers: DeployedProviders;
  /** Ends every call to a provider. */
  readonly signal?: AbortSignal;
}

/**
 * The edges of the steps on this machine: a folder for the bucket, the environment for the secret, nothing for the event bus. Loads
 * nothing of AWS's SDK.
 */
export function machineEdges({ folder, log, providers, signal }: MachineEdges): TaskEdges {
  const clock = { now: () => Date.now() };
  return {
    ...openProviderCalls(process.env, providers, signal),
    store: createFolderStore(folder),
    clock,
    random: Math.random,
    log,
    channels: withWebhook(NO_EVENT_BUS, process.env, clock),
  };
}
