import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import type { CallStep } from '../../host/engine.ts';
import { loadStack } from '../../host/load-stack.ts';
import { runLocalHost, type RunningHost } from '../../host/local-host.ts';
import { startSimulator, type Simulator } from '../../simulator/index.ts';
import { defineConfig, type NightshiftConfig } from '../../src/config/config.ts';
import type { ResultLine } from '../../src/checkpoints/result-line.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { resultsKey } from '../../src/checkpoints/keys.ts';
import type { LogEvent, LogFields } from '../../src/log.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createClock, type TestClock } from '../support/clock.ts';
import { KEY, openEdges } from '../support/edges.ts';
import { openTempFolder } from '../support/temp-folder.ts';

/** The whole stack on this machine in one test: a real folder, a real file watcher, real HTTP. Only time is simulated. */
export interface TestHost {
  readonly folder: string;
  readonly clock: TestClock;
  readonly simulator: Simulator;
  readonly logs: readonly { readonly event: LogEvent; readonly fields: LogFields }[];
  readonly failures: readonly string[];
  start(wrap?: (call: CallStep) => CallStep, changes?: HostChanges): Promise<RunningHost>;
  /** Puts a file at a path below the folder in one operation. */
  drop(path: string, content: string | Buffer): Promise<void>;
  /** Waits until this number of jobs have a summary, and returns all summaries. */
  ended(count: number): Promise<Summary[]>;
  results(jobId: string): Promise<ResultLine[]>;
}

/** Options of one start of the host. */
export interface HostChanges {
  /** A configuration with the same schedules and times. */
  readonly config?: NightshiftConfig;
  /** Rows are answered by the built-in simulator. */
  readonly simulated?: true;
  readonly wrapStore?: (store: ObjectStore) => ObjectStore;
}

export const CONFIG: NightshiftConfig = defineConfig({
  profiles: {
    default: { provider: 'simulator', model: 'glm-4.7:batch' },
    classify: { provider: 'simulator', model: 'glm-4.7:batch', prompt: 'Label {{text}}' },
  },
  schedules: {
    nightly: {
      cron: '0 22 * * ? *',
      timezone: 'Europe/Berlin',
      profile: 'classify',
      inputs: ['staged/{{yyyy}}-{{MM}}-{{dd}}.csv'],
    },
    hourly: { rate: '1 hour', prefix: 'staged/inbox/' },
    weekly: { rate: '7 days', prefix: 'staged/{{yyyy}}/' },
  },
});

let loaded: ReturnType<typeof loadStack> | undefined;

export async function openHost(): Promise<TestHost> {
  loaded ??= loadStack(CONFIG);
  const stack = await loaded;
  const folder = await openTempFolder();
  const clock = createClock();
  const simulator = await startSimulator({ apiKey: KEY, clock });
  onTestFinished(() => simulator.close());
  const logs: { event: LogEvent; fields: LogFields }[] = [];
  const failures: string[] = [];
  const edges = openEdges(createFolderStore(folder), simulator, clock, (event, fields) =>
    logs.push({ event, fields }),
  );
  onTestFinished(() => edges[Symbol.asyncDispose]());

  const drop = async (path: string, content: string | Buffer): Promise<void> => {
    const target = join(folder, path);
    const staged = join(folder, '.dropping');
    await mkdir(dirname(target), { recursive: true });
    await writeFile(staged, content);
    await rename(staged, target);
  };

  return {
    folder,
    clock,
    simulator,
    logs,
    failures,
    drop,
    async start(
      wrap = (call) => call,
      { config = CONFIG, simulated, wrapStore = (same) => same }: HostChanges = {},
    ) {
      const host = await runLocalHost({
        config,
        simulated,
        edges: { ...edges, store: wrapStore(edges.store) },
        stack,
        folder,
        port: 0,
        settleMs: 20,
        onFailure: (_event, error) => failures.push(String(error)),
        instant: true,
        wrap: (call) => clock.follow(wrap(call)),
      });
      onTestFinished(() => host[Symbol.asyncDispose]());
      return host;
    },
    ended: (count) =>
      vi.waitFor(
        async () => {
          const summaries: Summary[] = [];
          for await (const { key } of edges.store.list('output/')) {
            if (key.endsWith('/summary.json')) summaries.push(await readSummary(key));
          }
          if (summaries.length < count) throw new Error(`${summaries.length} of ${count} jobs have ended.`);
          return summaries;
        },
        { timeout: 60_000, interval: 20 },
      ),
    async results(jobId) {
      const text = await readFile(join(folder, resultsKey(jobId)), 'utf8');
      return text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as ResultLine);
    },
  };

  async function readSummary(key: string): Promise<Summary> {
    return JSON.parse(await readFile(join(folder, key), 'utf8')) as Summary;
  }
}
