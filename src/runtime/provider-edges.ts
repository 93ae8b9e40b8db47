import { setTimeout as sleep } from 'node:timers/promises';
import type { ProviderEdges } from '../edges.ts';
import type { BatchProvider, ProviderSettings } from '../provider/batch-provider.ts';
import { createProviderClient } from '../provider/client.ts';
import { readApiKey, type Environment } from './api-key.ts';
import { edgesFromEnvironment } from './environment.ts';

/**
 * The edges of a step that talks to the provider, from its environment; beside those of every step:
 * - `SECRET_ARN` or `<PROVIDER>_API_KEY`: the provider's key
 * - `PROVIDER_BASE_URLS`: optional JSON `{"<provider>": "<base URL>"}` that wins over a job's own; on one machine the
 *   simulator has another port with every start
 */
export function providerEdgesFromEnvironment(env: Environment): ProviderEdges {
  return {
    ...edgesFromEnvironment(env),
    provider: (settings) => openProvider(settings, env),
    wait: (milliseconds) => sleep(milliseconds),
  };
}

/** Connections outlive one invocation: a warm Lambda polls without a new TLS handshake. */
const clients = new Map<string, BatchProvider>();

function openProvider(settings: ProviderSettings, env: Environment): BatchProvider {
  const baseUrl = baseUrlOverrides(env)[settings.name] ?? settings.baseUrl;
  const id = JSON.stringify([settings.name, settings.dialect, baseUrl]);
  const known = clients.get(id);
  if (known !== undefined) return known;
  const client = createProviderClient({
    settings: { ...settings, baseUrl },
    apiKey: () => readApiKey(settings.name, env),
  });
  clients.set(id, client);
  return client;
}

function baseUrlOverrides(env: Environment): Readonly<Record<string, string>> {
  return JSON.parse(env['PROVIDER_BASE_URLS'] ?? '{}') as Record<string, string>;
}
