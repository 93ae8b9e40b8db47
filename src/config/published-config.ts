import type { NightshiftConfig } from './config.ts';

/**
 * The part of a configuration that a command line needs to start jobs as a deployed stack does. Mail addresses, webhooks and
 * provider headers, which may be confidential, stay with the functions that use them.
 */
export function publishedConfig(config: NightshiftConfig): NightshiftConfig {
  const { alarms: _alarms, webhook: _webhook, api: _api, providers, ...rest } = config;
  if (providers === undefined) return rest;
  const shown = Object.entries(providers).map(([name, { headers: _headers, ...provider }]) => [
    name,
    provider,
  ]);
  return { ...rest, providers: Object.fromEntries(shown) as NonNullable<NightshiftConfig['providers']> };
}
