import { Logger } from '@aws-lambda-powertools/logger';
import type { Edges } from '../edges.ts';
import { InvalidRequest } from '../errors.ts';
import type { Log } from '../log.ts';
import type { BatchProvider, ProviderSettings } from '../provider/batch-provider.ts';
import { createProviderClient } from '../provider/client.ts';
import { openStore } from '../store/open-store.ts';
import { readApiKey, type Environment } from './api-key.ts';

/**
 * The edges of a step, from its environment:
 * - `STORE`: `s3://bucket` or `file:///folder`
 * - `STEP`: the step's name, for its log lines
 * - `SECRET_ARN` or `<PROVIDER>_API_KEY`: the provider's key
 * - `PROVIDER_BASE_URLS`: optional JSON `{"<provider>": "<base URL>"}` that wins over a job's own; on one machine the
 *   simulator has another port with every start
 */
export function edgesFromEnvironment(env: Environment): Edges {
  const { STORE: store } = requireVariables(env, ['STORE']);
  return {
    store: openStore(store),
    provider: (settings) => openProvider(settings, env),
    clock: { now: () => Date.now() },
    random: Math.random,
    log: openLog(env),
  };
}

/**
 * Reads variables that must be set.
 * @throws InvalidRequest naming every missing one.
 */
export function requireVariables<Name extends string>(
  env: Environment,
  names: readonly Name[],
): Readonly<Record<Name, string>> {
  const missing = names.filter((name) => (env[name] ?? '') === '');
  if (missing.length > 0)
    throw new InvalidRequest(`Environment variables are missing: ${missing.join(', ')}.`);
  return Object.fromEntries(names.map((name) => [name, env[name]])) as Record<Name, string>;
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

function openLog(env: Environment): Log {
  const logger = new Logger({ serviceName: env['STEP'] ?? 'nightshift' });
  return (event, fields) => logger.info(event, { ...fields });
}
