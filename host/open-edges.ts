import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { NightshiftConfig } from '../src/config/config.ts';
import { deployedProviders, type DeployedProviders } from '../src/config/deployed-providers.ts';
import { SIMULATOR } from '../src/config/known-providers.ts';
import type { Edges } from '../src/edges.ts';
import type { Log } from '../src/log.ts';
import { createFolderStore } from '../src/store/folder-store.ts';
import { STAGING } from '../src/store/staged-file.ts';
import { lockFolder } from './lock.ts';
import { hostEdges } from './host-edges.ts';
import { makeFolder } from './make-folder.ts';
import { noteEndedHost } from './note-ended-host.ts';
import { WorkerSteps, type Steps } from './worker-steps.ts';
import { openSimulator, type OpenSimulator } from './simulator-thread.ts';

/** A data folder that this process has locked, in place of the bucket. */
export interface LocalEdges extends AsyncDisposable {
  readonly edges: Edges;
  /** Runs the steps in a separate thread, which alone calls providers, as long as this process has the folder. */
  readonly steps: Steps;
  /** Records the URL at which this process accepts requests about the folder's jobs. */
  readonly announce: (url: string) => Promise<void>;
  /** URL of this host's simulator, if it started one. */
  readonly simulatorUrl: string | undefined;
}

export interface OpenEdges {
  /** The folder in place of the bucket. */
  readonly data: string;
  /** True to start a simulator, with its state in the data folder, and to reach no other provider. */
  readonly simulator: boolean;
  readonly log: Log;
  /** The configuration, with the URL for each provider's key and the webhook. */
  readonly config: NightshiftConfig;
}

/**
 * The key for the simulator if the environment has none; the simulator accepts any key. It is not a common word, because keys are
 * removed from messages.
 */
const SIMULATOR_KEY = 'any-key-will-do';

/** Rows, answers and the provider's state must be readable only by the owner. */
const OWNER_ONLY = 0o700;

/**
 * Opens a data folder: locks it, and starts the thread of the steps that use it.
 * @throws InvalidRequest when the folder cannot be used, or another process uses it.
 */
export async function openLocalEdges({ data, simulator, log, config }: OpenEdges): Promise<LocalEdges> {
  const folder = resolve(data);
  await makeFolder('--data', data, OWNER_ONLY);
  await using opened = new AsyncDisposableStack();
  const lock = opened.use(await lockFolder(folder));
  // Removes files of a killed host. No other process writes here, because this process has the lock.
  await rm(join(folder, STAGING), { recursive: true, force: true });
  await noteEndedHost({ store: createFolderStore(folder), wait: sleep, random: Math.random });
  process.env['STORE'] = pathToFileURL(folder).href;
  if (config.webhook !== undefined) process.env['WEBHOOK_URL'] = config.webhook.url;
  const running = simulator ? opened.use(await bringSimulator(folder)) : undefined;
  const providers = simulator ? simulatorAlone(config) : deployedProviders(config);
  const steps = opened.use(new WorkerSteps({ log, folder, providers }));
  steps.warm();
  const all = opened.move();
  return {
    edges: hostEdges(folder, log),
    steps: {
      call: async (step, event) => {
        await lock.requireHeld();
        return steps.call(step, event);
      },
      abandon: () => steps.abandon(),
    },
    announce: (url) => lock.announce(url),
    simulatorUrl: running?.url,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/**
 * The URLs of a simulating host: only its own simulator. Without any other URL, no key is read and no call is made, whatever a
 * job contains.
 */
function simulatorAlone(config: NightshiftConfig): DeployedProviders {
  const { [SIMULATOR]: simulator } = deployedProviders(config);
  return simulator === undefined ? {} : { [SIMULATOR]: simulator };
}

async function bringSimulator(folder: string): Promise<OpenSimulator> {
  const running = await openSimulator(join(folder, '.simulator'));
  process.env['PROVIDER_BASE_URLS'] = JSON.stringify({ [SIMULATOR]: running.url });
  process.env['SIMULATOR_API_KEY'] ??= SIMULATOR_KEY;
  return running;
}
