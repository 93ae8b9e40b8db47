import type { Dialect } from '../provider/dialects/schema.ts';
import { KNOWN_PROVIDERS } from './known-providers.ts';
import type { ProviderHeaders } from '../profiles/provider-headers.ts';
import { findBaseUrl, resolveDialect } from './resolve-dialect.ts';
import { findProvider } from './resolve-profile.ts';
import { directEndpoints } from './direct-endpoints.ts';
import type { NightshiftConfig } from './schema.ts';

/**
 * The URL that a provider's key is sent to, and how it is sent. Deployed with the functions that may read the key, never taken
 * from a job.
 */
export interface DeployedProvider {
  readonly baseUrl: string;
  readonly auth: Dialect['auth'];
  /** Endpoints that rows may be sent to direct. */
  readonly endpoints: readonly string[];
  /** Headers of every call; secrets by name. */
  readonly headers?: ProviderHeaders;
}

/** The providers whose keys may be used, by name. */
export type DeployedProviders = Readonly<Record<string, DeployedProvider>>;

/** The built-in and the configured providers, except those without a base URL. */
export function deployedProviders(config: NightshiftConfig): DeployedProviders {
  const names = new Set([...Object.keys(KNOWN_PROVIDERS), ...Object.keys(config.providers ?? {})]);
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const provider = findProvider(config, name);
      if (findBaseUrl(config, name, provider) === undefined) return [];
      const { baseUrl, dialect } = resolveDialect(config, name, provider);
      const endpoints = directEndpoints(config, name, dialect);
      const { headers } = provider;
      return [[name, { baseUrl, auth: dialect.auth, endpoints, ...(headers && { headers }) }]];
    }),
  );
}
