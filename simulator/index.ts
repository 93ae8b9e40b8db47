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
  /** Provider to imitate: statuses, counters, errors, limits and quirks. Default: melious. */
  readonly dialect?: DialectName;
  /** Port on 127.0.0.1. Default: any free port. */
  readonly port?: number;
  /** The only accepted key. Default: any. */
  readonly apiKey?: string;
  /** Determines answers, ids and orders. Default: 1. */
  readonly seed?: number;
  /** Milliseconds since 1970. Batches progress with it; there are no timers. Default: the real time. */
  readonly clock?: { now(): number };
  /** Duration of a batch's stages. Default: 0.5 s, 3 s and 0.5 s. */
  readonly stages?: Stages;
  /** Folder for files and batches, which survive restarts. Default: a temporary folder, deleted with the simulator. */
  readonly folder?: string;
  /** Default: the dialect's. */
  readonly maxFileBytes?: number;
  readonly faults?: readonly Fault[];
  /** Most input tokens of a model's queued and running batches. Default: no limit. */
  readonly enqueuedTokens?: EnqueuedLimit;
  /** Most realtime calls. Default: 1,000 per minute. */
  readonly realtimeLimit?: RealtimeLimit;
}

/** A running simulator. */
export interface Simulator {
  /** Its base URL, including the version. */
  readonly url: string;
  close(): Promise<void>;
  addFaults(...faults: Fault[]): void;
  requests(): readonly RequestRecord[];
  batches(): readonly SimulatedBatch[];
  /** Files that were not deleted. */
  files(): readonly SimulatedFile[];
  /** Batches created per `metadata.key`, or per input file's name. More than one means that the rows were paid twice. */
  createsPerKey(): ReadonlyMap<string, number>;
  /** Answers per row, by custom_id. More than one means that the row was paid more than once. */
  answersPerRow(): ReadonlyMap<string, number>;
}

/** Used if the dialect has no known limit. */
const MAX_FILE_BYTES = 100_000_000;

const REALTIME_LIMIT: RealtimeLimit = { requests: 1_000, perSeconds: 60 };

const STAGES: Stages = { queuedSeconds: 0.5, runningSeconds: 3, finalizingSeconds: 0.5 };

/** Starts a simulated provider on 127.0.0.1. Its answers depend only on its seed, its clock and its faults. */
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
  const isKept = options.folder !== undefined;
  const state = new SimulatorState({ folder, isKept, seed, ids: spoken.quirks.ids });
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
      if (!isKept) await rm(folder, { recursive: true, force: true });
    },
    addFaults: (...faults) => script.add(faults),
    requests: () => requests,
    batches: () => [...state.batches.values()],
    // Anthropic has no files API, so the internal files are hidden.
    files: () => (spoken.dialect.adapter === 'anthropic' ? [] : [...state.files.values()]),
    createsPerKey: () => state.creates,
    answersPerRow: () => state.rows.answersPerRow(),
  };
}
