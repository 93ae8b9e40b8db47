import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Edges } from '../src/edges.ts';
import type { Log } from '../src/log.ts';
import { edgesFromEnvironment } from '../src/runtime/environment.ts';
import { startSimulator, type Simulator } from './simulator/index.ts';

/** This machine's stand-ins for what is deployed: a folder for the bucket, the environment for the secret. */
export interface LocalEdges extends AsyncDisposable {
  readonly edges: Edges;
  /** The simulator's address, when this host brought one. */
  readonly simulatorUrl: string | undefined;
}

export interface OpenEdges {
  /** The folder that is the bucket. */
  readonly data: string;
  /** Bring a provider simulator; its state is kept in the data folder. */
  readonly simulator: boolean;
  readonly log: Log;
}

/** The key the simulator is given when the environment has none: it takes any. */
const SIMULATOR_KEY = 'simulator';

export async function openLocalEdges({ data, simulator, log }: OpenEdges): Promise<LocalEdges> {
  const folder = resolve(data);
  await mkdir(folder, { recursive: true });
  process.env['STORE'] = pathToFileURL(folder).href;
  const running = simulator ? await bringSimulator(folder) : undefined;
  return {
    edges: { ...edgesFromEnvironment(process.env), log },
    simulatorUrl: running?.url,
    [Symbol.asyncDispose]: async () => running?.close(),
  };
}

async function bringSimulator(folder: string): Promise<Simulator> {
  const running = await startSimulator({ folder: join(folder, '.simulator') });
  process.env['PROVIDER_BASE_URLS'] = JSON.stringify({ simulator: running.url });
  process.env['SIMULATOR_API_KEY'] ??= SIMULATOR_KEY;
  return running;
}
