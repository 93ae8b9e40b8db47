import type { CallStep } from '../../host/engine.ts';
import { defineConfig, type NightshiftConfig } from '../../src/config/config.ts';
import type { TaskEdges } from '../../src/announce/channel.ts';
import type { BatchProvider, ProviderClient } from '../../src/provider/batch-provider.ts';
import { DIALECTS } from '../../src/provider/dialects/dialects.ts';
import { createProviderClient } from '../../src/provider/client.ts';
import { openChannels } from '../../src/runtime/announce-edges.ts';
import type { Environment } from '../../src/runtime/secret-text.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';

/** What a workflow in a test is made of: time is simulated, everything else is real. */

export const KEY = 'sk-mel-secret-of-the-tests';

export const CONFIG: NightshiftConfig = defineConfig({
  // One for each dialect: `openai-simulator`.
  providers: Object.fromEntries(
    Object.keys(DIALECTS).map((dialect) => [
      `${dialect}-simulator`,
      { dialect, baseUrl: 'http://127.0.0.1:9/v1' },
    ]),
  ),
  profiles: { default: { provider: 'simulator', model: 'glm-4.7:batch' } },
});

export interface TestClock {
  now(): number;
  /** Moves on to a time, ISO 8601. */
  moveTo(time: string): void;
  /** Moves on by what each step says the machine will wait. */
  follow(call: CallStep): CallStep;
}

/** What the machine's Retry waits, more or less. */
const RETRY_WAIT_MS = 60_000;

export function createClock(): TestClock {
  let now = Date.UTC(2026, 10, 1, 22);
  return {
    now: () => now,
    moveTo: (time) => void (now = Math.max(now, Date.parse(time))),
    follow: (call) => async (step, event) => {
      const output = await call(step, event).catch((error: unknown) => {
        now += RETRY_WAIT_MS;
        throw error;
      });
      const { waitSeconds = 0 } = (output ?? {}) as { waitSeconds?: number };
      now += waitSeconds * 1_000;
      return output;
    },
  };
}

export type TestEdges = TaskEdges & AsyncDisposable;

/** A folder for the bucket, and one double over HTTP for every provider. */
export function openEdges(
  folder: string,
  double: { readonly url: string },
  clock: TestClock,
  log: TaskEdges['log'],
  env: Environment = {},
): TestEdges {
  const clients = new Map<string, ProviderClient>();
  const provider: TaskEdges['provider'] = (settings): BatchProvider => {
    const known = clients.get(settings.name);
    if (known !== undefined) return known;
    const client = createProviderClient({
      settings: { ...settings, baseUrl: double.url },
      apiKey: () => Promise.resolve(KEY),
      wait: () => Promise.resolve(),
    });
    clients.set(settings.name, client);
    return client;
  };
  return {
    store: createFolderStore(folder),
    provider,
    clock,
    random: () => 0.5,
    wait: (milliseconds) => {
      clock.moveTo(new Date(clock.now() + milliseconds).toISOString());
      return Promise.resolve();
    },
    log,
    channels: openChannels(env, clock),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...clients.values()].map((client) => client.close()));
    },
  };
}
