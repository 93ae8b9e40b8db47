import type { TaskEdges } from '../src/announce/channel.ts';
import type { DeployedProviders } from '../src/config/deployed-providers.ts';
import type { Log } from '../src/log.ts';
import { NO_EVENT_BUS, withWebhook } from '../src/runtime/channels.ts';
import { openProviderCalls } from '../src/runtime/provider-calls.ts';
import { hostEdges } from './host-edges.ts';

/** The inputs for the edges of this machine's steps. */
export interface MachineEdges {
  /** The data folder. */
  readonly folder: string;
  readonly log: Log;
  /** The URL that each provider's key may be sent to. */
  readonly providers: DeployedProviders;
  /** Aborts every call to a provider. */
  readonly signal?: AbortSignal;
}

/**
 * Edges of the steps on this machine: a folder in place of the bucket, the environment in place of the secret, and no event bus.
 * Does not load the AWS SDK.
 */
export function machineEdges({ folder, log, providers, signal }: MachineEdges): TaskEdges {
  const edges = hostEdges(folder, log);
  return {
    ...edges,
    ...openProviderCalls(process.env, providers, signal),
    channels: withWebhook(NO_EVENT_BUS, process.env, edges.clock),
  };
}
