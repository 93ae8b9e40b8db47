import type { TaskEdges } from '../../src/announce/channel.ts';
import type { BatchProvider, ProviderClient } from '../../src/provider/batch-provider.ts';
import { createProviderClient } from '../../src/provider/client.ts';
import { NO_EVENT_BUS, withWebhook } from '../../src/runtime/channels.ts';
import type { Environment } from '../../src/runtime/secret-text.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import type { TestClock } from './clock.ts';

/** The key that every simulated provider accepts. It must not be stored anywhere. */
export const KEY = 'sk-mel-secret-of-the-tests';

export type TestEdges = TaskEdges & AsyncDisposable;

/** The URLs of simulated providers: one for all providers, and others by provider name. */
interface Double {
  readonly url: string;
  readonly urls?: Readonly<Record<string, string>> | undefined;
}

/** Opens edges with this store as the bucket. Providers without a URL of their own use the common simulated provider over HTTP. */
export function openEdges(
  store: ObjectStore,
  double: Double,
  clock: TestClock,
  log: TaskEdges['log'],
  env: Environment = {},
): TestEdges {
  const clients = new Map<string, ProviderClient>();
  const provider: TaskEdges['provider'] = (settings): BatchProvider => {
    const known = clients.get(settings.name);
    if (known !== undefined) return known;
    const client = createProviderClient({
      settings: { ...settings, baseUrl: double.urls?.[settings.name] ?? double.url },
      apiKey: () => Promise.resolve(KEY),
      wait: () => Promise.resolve(),
    });
    clients.set(settings.name, client);
    return client;
  };
  return {
    store,
    provider,
    clock,
    random: () => 0.5,
    wait: (milliseconds) => {
      clock.moveTo(new Date(clock.now() + milliseconds).toISOString());
      return Promise.resolve();
    },
    log,
    channels: withWebhook(NO_EVENT_BUS, env, clock),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...clients.values()].map((client) => client.close()));
    },
  };
}
