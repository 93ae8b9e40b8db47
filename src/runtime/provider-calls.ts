import { setTimeout as sleep } from 'node:timers/promises';
import type { DeployedProvider, DeployedProviders } from '../config/deployed-providers.ts';
import type { ProviderHeaders } from '../profiles/provider-headers.ts';
import type { Edges, ProviderEdges } from '../edges.ts';
import { ProviderDenied, withCode } from '../errors.ts';
import { isLoopback } from '../provider/http/addresses.ts';
import type { BatchProvider, ProviderSettings } from '../provider/batch-provider.ts';
import { createProviderClient } from '../provider/client.ts';
import type { OwnHeader } from '../provider/http/http-options.ts';
import { readApiKey, readHeaderSecret, type Environment } from './api-key.ts';

/** The part of {@link ProviderEdges} that calls providers. */
export type ProviderCalls = Omit<ProviderEdges, keyof Edges>;

/**
 * Opens the calls to providers, on AWS and on one machine alike. Reads from the environment:
 * - `SECRET_ARN` or `<PROVIDER>_API_KEY`: the provider's key
 * - `PROVIDER_BASE_URLS`: optional JSON `{"<provider>": "<base URL>"}` with addresses on this machine, where a simulator has
 *   another port with every start
 *
 * @param providers the URL that each provider's key may be sent to; deployed with the code, not part of the job
 * @param signal aborts every call of these edges when a host stops
 */
export function openProviderCalls(
  env: Environment,
  providers: DeployedProviders,
  signal?: AbortSignal,
): ProviderCalls {
  const host: Host = { providers, env, signal, clients: signal === undefined ? warmClients : new Map() };
  return {
    provider: (settings) => openProvider(settings, host),
    wait: (milliseconds) => sleep(milliseconds, undefined, { signal }).catch(() => undefined),
    signal,
  };
}

/** Shared by the clients of one host. */
interface Host {
  readonly providers: DeployedProviders;
  readonly env: Environment;
  readonly signal: AbortSignal | undefined;
  readonly clients: Map<string, BatchProvider>;
}

/** Kept, so that connections outlive one invocation: a warm Lambda polls without a new TLS handshake. */
const warmClients = new Map<string, BatchProvider>();

function openProvider(settings: ProviderSettings, { providers, env, signal, clients }: Host): BatchProvider {
  const { name, dialect } = settings;
  const deployed = Object.hasOwn(providers, name) ? providers[name] : undefined;
  const baseUrl = onThisMachine(name, env) ?? deployed?.baseUrl ?? NOWHERE;
  const id = JSON.stringify([settings, deployed, baseUrl]);
  const known = clients.get(id);
  if (known !== undefined) return known;
  const client = createProviderClient({
    settings: { name, baseUrl, dialect: { ...dialect, auth: deployed?.auth ?? dialect.auth } },
    signal,
    ...(deployed && { endpoints: deployed.endpoints }),
    apiKey: async () => {
      rejectOtherAddress(settings, deployed);
      return readApiKey(name, env);
    },
    ...(deployed?.headers && {
      ownHeaders: () => {
        rejectOtherAddress(settings, deployed);
        return readHeaders(deployed.headers ?? {}, env);
      },
    }),
  });
  clients.set(id, client);
  return client;
}

function readHeaders(headers: ProviderHeaders, env: Environment): Promise<OwnHeader[]> {
  return Promise.all(
    Object.entries(headers).map(async ([name, given]) =>
      typeof given === 'string'
        ? { name, value: given, isSecret: false }
        : { name, value: await readHeaderSecret(given.secret, env), isSecret: true },
    ),
  );
}

/** URL of a provider that is not deployed. No call is sent, and no host of this name can exist. */
const NOWHERE = 'https://provider.invalid';

/**
 * Rejects a job whose provider has another URL than the deployed one. A key belongs to the URL that it is deployed with. The URL
 * in a job is only compared with it and never called, because somebody who can write a job or call a step must not learn the key.
 * @throws ProviderDenied, which stops the job until it can be resumed
 */
function rejectOtherAddress(settings: ProviderSettings, deployed: DeployedProvider | undefined): void {
  const { name, baseUrl, dialect } = settings;
  if (deployed === undefined) {
    throw new ProviderDenied(
      withCode(
        `The provider "${name}" is not part of the deployed configuration, so its key is not read. Add it under providers in nightshift.config.ts, deploy, and resume the job.`,
        'PROVIDER_UNKNOWN',
      ),
    );
  }
  if (deployed.baseUrl === baseUrl && deployed.auth === dialect.auth) return;
  throw new ProviderDenied(
    withCode(
      `The job was started for the provider "${name}" at another address (${originOf(baseUrl)}), or with another header for its key, than the deployed ${deployed.baseUrl}; a key is sent only where it belongs. Set providers.${name} back in nightshift.config.ts, deploy, and resume the job; or run its input as a new job.`,
      'PROVIDER_CHANGED',
    ),
  );
}

function originOf(address: string): string {
  return URL.parse(address)?.origin ?? 'unreadable';
}

/**
 * The base URL by which a host replaces a provider's, to send its calls to a simulator on the same machine.
 * @returns the base URL of the provider in this machine's environment; never a URL on another machine
 */
function onThisMachine(name: string, env: Environment): string | undefined {
  const addresses = JSON.parse(env['PROVIDER_BASE_URLS'] ?? '{}') as Readonly<Record<string, string>>;
  const address = Object.hasOwn(addresses, name) ? addresses[name] : undefined;
  const url = URL.parse(address ?? '');
  return url !== null && isLoopback(url) ? address : undefined;
}
