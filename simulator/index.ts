import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { createApp } from './app.ts';
import type { RequestRecord } from './app-options.ts';
import type { SimulatedBatch, Stages } from './batches.ts';
import { type DialectName } from '../src/provider/dialects/dialects.ts';
import { known } from '../src/provider/dialects/known.ts';
import { speak } from './dialects.ts';
import { isForThisMachine } from './own-machine.ts';
import type { EnqueuedLimit } from './enqueued-tokens.ts';
import { FaultScript } from './fault-script.ts';
import type { Fault } from './faults.ts';
import { SimulatedProvider } from './provider.ts';
import { Realtime, type RealtimeLimit } from './realtime.ts';
import { SimulatorState, type SimulatedFile } from './state.ts';

export interface SimulatorOptions {
  /** Whose statuses, counters, errors, limits and habits. Default melious. */
  readonly dialect?: DialectName;
  /** On 127.0.0.1. Default: any that is free. */
  readonly port?: number;
  /** The one key that is accepted. Default: any. */
  readonly apiKey?: string;
  /** Answers, ids and orders are a function of it. Default 1. */
  readonly seed?: number;
  /** Milliseconds since 1970. Batches go on as it does; nothing ticks by itself. Default: the real time. */
  readonly clock?: { now(): number };
  /** How long the phases of a batch take. Default: 0.5 s, 3 s and 0.5 s. */
  readonly stages?: Stages;
  /** Keeps files and batches here, over restarts. Default: a temporary folder that goes with the simulator. */
  readonly folder?: string;
  /** Default: the dialect's. */
  readonly maxFileBytes?: number;
  readonly faults?: readonly Fault[];
  /** Most tokens of a model's batches that are queued or running. Default: no limit. */
  readonly enqueuedTokens?: EnqueuedLimit;
  /** Realtime calls that are taken. Default 1,000 a minute. */
  readonly realtimeLimit?: RealtimeLimit;
}

/** A running provider double. */
export interface Simulator {
  /** Its base URL, version included. */
  readonly url: string;
  close(): Promise<void>;
  addFaults(...faults: Fault[]): void;
  requests(): readonly RequestRecord[];
  batches(): readonly SimulatedBatch[];
  /** Files that were not deleted. */
  files(): readonly SimulatedFile[];
  /** Batches made per `metadata.key`, or per input file's name: more than one was paid twice. */
  createsPerKey(): ReadonlyMap<string, number>;
  /** Answers made per row, by custom_id: more than one was paid for more than once. */
  answersPerRow(): ReadonlyMap<string, number>;
}

/** Where the dialect does not know. */
const MAX_FILE_BYTES = 100_000_000;

const REALTIME_LIMIT: RealtimeLimit = { requests: 1_000, perSeconds: 60 };

const STAGES: Stages = { queuedSeconds: 0.5, runningSeconds: 3, finalizingSeconds: 0.5 };

/** Starts a provider double on 127.0.0.1. It answers as a function of its seed, its clock and its faults alone. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const {
    dialect = 'melious',
    seed = 1,
    enqueuedTokens,
    clock = { now: () => Date.now() },
    stages = STAGES,
  } = options;
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'nightshift-simulator-')));
  const spoken = speak(dialect);
  const state = new SimulatorState(folder, seed, spoken.quirks.ids);
  const script = new FaultScript();
  script.add(options.faults ?? []);
  const now = (): number => clock.now();
  const provider = new SimulatedProvider({ state, script, spoken, seed, stages, now, enqueuedTokens });
  const requests: RequestRecord[] = [];
  const app = createApp({
    state,
    provider,
    script,
    realtime: new Realtime({ limit: options.realtimeLimit ?? REALTIME_LIMIT, spoken, seed, now }),
    spoken,
    apiKey: options.apiKey,
    maxFileBytes: options.maxFileBytes ?? known(spoken.dialect.limits.fileBytes, MAX_FILE_BYTES),
    now,
    record: (request) => requests.push(request),
  });
  const listener = getRequestListener((request, env) =>
    isForThisMachine((name) => request.headers.get(name))
      ? app.fetch(request, env)
      : new Response('This simulator is for this machine.\n', { status: 403 }),
  );
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
    addFaults: (...faults) => script.add(faults),
    requests: () => requests,
    batches: () => [...state.batches.values()],
    // Where there are none, what is kept as files is nobody's business.
    files: () => (spoken.dialect.adapter === 'anthropic' ? [] : [...state.files.values()]),
    createsPerKey: () => state.creates,
    answersPerRow: () => state.answersPerRow(),
  };
}
