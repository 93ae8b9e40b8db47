import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { NightshiftConfig } from '../src/config/config.ts';
import { deployedProviders, type DeployedProviders } from '../src/config/deployed-providers.ts';
import { SIMULATOR } from '../src/config/known-providers.ts';
import type { TaskEdges } from '../src/announce/channel.ts';
import type { Log } from '../src/log.ts';
import { STAGING } from '../src/store/staged-file.ts';
import { lockFolder } from './lock.ts';
import { machineEdges } from './machine-edges.ts';
import { makeFolder } from './make-folder.ts';
import { WorkerSteps } from './worker-steps.ts';
import { openSimulator, type OpenSimulator } from './simulator-thread.ts';

/** This machine's stand-ins for what is deployed: a folder for the bucket, the environment for the secret. */
export interface LocalEdges extends AsyncDisposable {
  readonly edges: TaskEdges;
  /** Runs the steps in a thread of their own. */
  readonly steps: WorkerSteps;
  /** Says where this process is asked about the jobs of the folder. */
  readonly announce: (url: string) => Promise<void>;
  /** The simulator's address, when this host brought one. */
  readonly simulatorUrl: string | undefined;
}

export interface OpenEdges {
  /** The folder that is the bucket. */
  readonly data: string;
  /** Bring a provider simulator and reach no other provider; its state is kept in the data folder. */
  readonly simulator: boolean;
  readonly log: Log;
  /** Says where each provider's key may go, and where jobs' ends are posted. */
  readonly config: NightshiftConfig;
}

/** The key the simulator is given when the environment has none: it takes any. Not a word, which would be hidden in messages. */
const SIMULATOR_KEY = 'any-key-will-do';

/** Rows, answers and the state of the provider are nobody else's to read. */
const OWNER_ONLY = 0o700;

/** @throws InvalidRequest when the folder cannot be used, or another process uses it. */
export async function openLocalEdges({ data, simulator, log, config }: OpenEdges): Promise<LocalEdges> {
  const folder = resolve(data);
  await makeFolder('--data', data, OWNER_ONLY);
  await using opened = new AsyncDisposableStack();
  const lock = opened.use(await lockFolder(folder));
  // What a host left that was killed while it wrote. Nobody else writes here: this process has the lock.
  await rm(join(folder, STAGING), { recursive: true, force: true });
  process.env['STORE'] = pathToFileURL(folder).href;
  if (config.webhook !== undefined) process.env['WEBHOOK_URL'] = config.webhook.url;
  const running = simulator ? opened.use(await bringSimulator(folder)) : undefined;
  const providers = simulator ? simulatorAlone(config) : deployedProviders(config);
  const steps = opened.use(new WorkerSteps({ log, folder, providers }));
  steps.warm();
  const all = opened.move();
  return {
    edges: machineEdges({ folder, log, providers }),
    steps,
    announce: (url) => lock.announce(url),
    simulatorUrl: running?.url,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** With no other provider's address, no key is read and no call is made, whatever a job says. */
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
