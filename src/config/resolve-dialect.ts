import { InvalidRequest } from '../errors.ts';
import { parseWindow } from '../provider/completion-window.ts';
import {
  builtInDialect,
  DIALECTS,
  isBuiltIn,
  overlay,
  type DialectName,
} from '../provider/dialects/dialects.ts';
import type { Dialect, DialectFacts } from '../provider/dialects/schema.ts';
import type { ProviderConfig } from '../profiles/provider-schema.ts';
import type { NightshiftConfig } from './schema.ts';

/**
 * Resolves a provider's base URL and dialect, as recorded in its jobs.
 * @throws InvalidRequest when the dialect does not exist, or there is no base URL
 */
export function resolveDialect(
  config: NightshiftConfig,
  providerName: string,
  provider: ProviderConfig,
): { readonly baseUrl: string; readonly dialect: Dialect } {
  const name = dialectNameOf(config, providerName, provider);
  const base = baseOf(config, name);
  const baseUrl = findBaseUrl(config, providerName, provider);
  if (baseUrl === undefined) {
    throw new InvalidRequest(
      `The provider "${providerName}" has no base URL: set providers.${providerName}.baseUrl in nightshift.config.ts.`,
    );
  }
  const own = config.dialects?.[name];
  const dialect = builtInDialect(base);
  return { baseUrl, dialect: own === undefined ? dialect : overlay(name, dialect, own) };
}

/** A provider's base URL: its own, else its dialect's; `undefined` when it has none. */
export function findBaseUrl(
  config: NightshiftConfig,
  providerName: string,
  provider: ProviderConfig,
): string | undefined {
  return provider.baseUrl ?? baseUrlOf(dialectNameOf(config, providerName, provider));
}

function dialectNameOf(config: NightshiftConfig, providerName: string, { dialect }: ProviderConfig): string {
  return dialect ?? dialectOf(config, providerName);
}

/**
 * The base URL of the built-in dialect of this name. The URL of a dialect that this one extends is never used: a key is sent only
 * to its own provider.
 */
function baseUrlOf(dialect: string): string | undefined {
  if (!isBuiltIn(dialect)) return undefined;
  const facts: DialectFacts = DIALECTS[dialect];
  return facts.baseUrl;
}

function dialectOf({ dialects }: NightshiftConfig, providerName: string): string {
  const exists = isBuiltIn(providerName) || Object.hasOwn(dialects ?? {}, providerName);
  return exists ? providerName : 'generic';
}

/** The built-in dialect of this name, or the one that it extends. */
function baseOf({ dialects }: NightshiftConfig, name: string): DialectName {
  const own = Object.hasOwn(dialects ?? {}, name) ? dialects?.[name] : undefined;
  if (own === undefined && !isBuiltIn(name)) {
    const names = [...new Set([...Object.keys(DIALECTS), ...Object.keys(dialects ?? {})])];
    throw new InvalidRequest(`There is no dialect "${name}". Dialects: ${names.toSorted().join(', ')}.`);
  }
  const base = own?.like ?? (isBuiltIn(name) ? name : 'generic');
  if (isBuiltIn(base)) return base;
  throw new InvalidRequest(`dialects.${name}.like: there is no built-in dialect "${base}".`);
}

/**
 * Checks that the provider's batches may have this endpoint.
 * @throws InvalidRequest when the provider's batches are known not to support this endpoint
 */
export function checkEndpoint({ name, endpoints }: Dialect, endpoint: string): void {
  if (endpoints === 'unknown' || endpoints.includes(endpoint)) return;
  throw new InvalidRequest(
    `Batches of the dialect "${name}" have no endpoint "${endpoint}". They have: ${endpoints.join(', ')}. ${IF_NEWER}`,
  );
}

const DEFAULT_WINDOW = '24h';

/**
 * Returns the requested completion window, otherwise `24h`, otherwise the shortest window of the provider.
 * @throws InvalidRequest when the provider is known not to offer it
 */
export function chooseWindow({ name, windows }: Dialect, asked: string | undefined): string {
  if (windows === 'unknown') return asked ?? DEFAULT_WINDOW;
  const first = 'from' in windows ? windows.from : windows[0];
  const wanted = asked ?? (isAmong(DEFAULT_WINDOW, windows) ? DEFAULT_WINDOW : (first ?? DEFAULT_WINDOW));
  if (isAmong(wanted, windows)) return wanted;
  const has = 'from' in windows ? `${windows.from} to ${windows.to}` : windows.join(', ');
  throw new InvalidRequest(
    `Batches of the dialect "${name}" have no completion window "${wanted}". They have: ${has}. ${IF_NEWER}`,
  );
}

const IF_NEWER = 'If the provider offers it now, add it under dialects in nightshift.config.ts.';

function isAmong(window: string, windows: Exclude<Dialect['windows'], 'unknown'>): boolean {
  if (!('from' in windows)) return windows.includes(window);
  const [seconds = 0, from = 0, to = 0] = [window, windows.from, windows.to].map(parseWindow);
  return seconds >= from && seconds <= to;
}
