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
  /** Endpoints that rows may be sent to directly. Default: any. */
  readonly endpoints?: readonly string[];
  /** Asked for with every call, so that a rotated key is picked up; goes into the Authorization header only. */
  readonly apiKey: () => Promise<string>;
  /** Headers that the configuration adds to every call. */
  readonly ownHeaders?: () => Promise<readonly OwnHeader[]>;
  readonly random?: () => number;
  /** Waits between the attempts of one call, in milliseconds. */
  readonly wait?: (milliseconds: number) => Promise<void>;
  readonly timeouts?: Partial<Timeouts>;
  /** Ends every call that is on its way and every later one. */
  readonly signal?: AbortSignal | undefined;
}

/** The one place that knows which code speaks which dialect. */
export function createProviderClient({
  settings: { baseUrl, dialect },
  endpoints,
  apiKey,
  ownHeaders,
  random = Math.random,
  signal,
  // A wait that is broken off is followed by a call that fails at once.
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
