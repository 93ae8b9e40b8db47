import { setTimeout as sleep } from 'node:timers/promises';
import { AnthropicClient } from './adapters/anthropic.ts';
import { MISTRAL } from './adapters/mistral.ts';
import { OPENAI } from './adapters/openai.ts';
import { TOGETHER } from './adapters/together.ts';
import type { ProviderClient, ProviderSettings } from './batch-provider.ts';
import { FileClient } from './file-client.ts';
import { TIMEOUTS, type OwnHeader, type Timeouts } from './http/http-options.ts';

export interface ClientOptions {
  readonly settings: ProviderSettings;
  /** Endpoints that rows may be sent to direct. Default: any. */
  readonly endpoints?: readonly string[];
  /** Called for every call, so that a rotated key takes effect. The key is sent only in the Authorization header. */
  readonly apiKey: () => Promise<string>;
  /** Headers that the configuration adds to every call. */
  readonly ownHeaders?: () => Promise<readonly OwnHeader[]>;
  readonly random?: () => number;
  /** Waits between the attempts of one call, in milliseconds. */
  readonly wait?: (milliseconds: number) => Promise<void>;
  readonly timeouts?: Partial<Timeouts>;
  /** Aborts every call in flight and every later one. */
  readonly signal?: AbortSignal | undefined;
}

/** Creates the client for a dialect. No other code chooses the adapter. */
export function createProviderClient({
  settings: { baseUrl, dialect },
  endpoints,
  apiKey,
  ownHeaders,
  random = Math.random,
  signal,
  // An aborted wait resolves, and the call after it fails at once.
  wait = (milliseconds) => sleep(milliseconds, undefined, { signal }).catch(() => undefined),
  timeouts,
}: ClientOptions): ProviderClient {
  const limits = { ...TIMEOUTS, ...timeouts };
  const http = { baseUrl, apiKey, ownHeaders, dialect, endpoints, random, wait, signal, timeouts: limits };
  switch (dialect.adapter) {
    case 'anthropic':
      return new AnthropicClient(http, dialect);
    case 'mistral':
      return new FileClient(http, dialect, MISTRAL);
    case 'together':
      return new FileClient(http, dialect, TOGETHER);
    case 'openai':
    case undefined:
      return new FileClient(http, dialect, OPENAI);
  }
}
