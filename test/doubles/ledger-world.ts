import { onTestFinished } from 'vitest';
import { callHandlers } from '../../host/call-handlers.ts';
import { createLocalExecutions, type CallStep } from '../../host/engine.ts';
import { loadMachine, type Machine } from '../../host/load-stack.ts';
import { summaryKey } from '../../src/checkpoints/keys.ts';
import type { ProfileConfig } from '../../src/config/config.ts';
import { cancelJob } from '../../src/job-control/cancel-job.ts';
import { startJob, type StartEdges } from '../../src/job-control/start-job.ts';
import { lastExecution } from '../../src/executions/executions.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { createProviderClient } from '../../src/provider/client.ts';
import { readJson } from '../../src/store/json.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createClock, type TestClock } from '../support/clock.ts';
import { CONFIG } from '../support/config.ts';
import { KEY, openEdges } from '../support/edges.ts';
import { startLedgerProvider, type LedgerOptions, type LedgerProvider } from './ledger-provider.ts';
import { createMemoryBucket } from '../support/memory-bucket.ts';

export const JOB_ID = 'ledger-0123456789abcdef';
const INPUT_KEY = 'input/rows.jsonl';

/** One job at the ledger's provider, with the real state machine, handlers and client. Only time is simulated. */
export interface LedgerWorld {
  readonly ledger: LedgerProvider;
  readonly clock: TestClock;
  readonly store: ObjectStore;
  /** Starts or resumes the job, and returns after its execution has ended. */
  run(): Promise<Summary | undefined>;
  /** Runs the job and cancels it during the first poll of its batch. */
  runAndCancel(): Promise<Summary | undefined>;
  /** Cancels a job that has ended, and returns after the cancel has ended. */
  cancel(): Promise<Summary | undefined>;
}

export interface LedgerWorldOptions extends Omit<LedgerOptions, 'clock'> {
  readonly rows?: number;
  /** The input file. Default: generated rows. */
  readonly input?: string;
  readonly profile?: ProfileConfig;
  /** Dialect in the job's configuration. */
  readonly dialect?: 'openai' | 'ogx';
  /** Total timeout of a call, in real milliseconds. */
  readonly totalMs?: number;
  /** An existing ledger with its clock. */
  readonly at?: Pick<LedgerWorld, 'ledger' | 'clock'>;
}

let machine: Promise<Machine> | undefined;

export async function openLedgerWorld(options: LedgerWorldOptions = {}): Promise<LedgerWorld> {
  const { rows = 6, input, profile = {}, dialect = 'openai', totalMs = 10_000, at, ...behaviour } = options;
  machine ??= loadMachine(CONFIG);
  const { definition, functions } = await machine;
  const clock = at?.clock ?? createClock();
  const ledger = at?.ledger ?? (await startLedgerProvider({ clock, ...behaviour }));
  const base = openEdges(createMemoryBucket(), ledger, clock, () => undefined);
  const edges = { ...base, provider: providerOf(ledger.url, totalMs) };
  onTestFinished(async () => {
    await base[Symbol.asyncDispose]();
    await ledger[Symbol.asyncDispose]();
  });
  const lines = Array.from({ length: rows }, (_, n) =>
    JSON.stringify({ custom_id: `q${n}`, prompt: `q${n}` }),
  );
  await edges.store.put(INPUT_KEY, input ?? `${lines.join('\n')}\n`);

  let onPoll: (() => Promise<void>) | undefined;
  const watch = (call: CallStep): CallStep => {
    return async (step, event) => {
      if (step === 'poll-batch' && onPoll !== undefined) {
        const act = onPoll;
        onPoll = undefined;
        await act();
      }
      return call(step, event);
    };
  };
  const executions = createLocalExecutions({
    definition,
    functions,
    callStep: clock.follow(watch(callHandlers(edges))),
    instant: true,
  });
  const startEdges: StartEdges = { ...edges, config: CONFIG, executions };
  const ended = async (): Promise<Summary | undefined> => {
    const last = await lastExecution(executions, JOB_ID);
    if (last !== undefined) await executions.result(last.name).catch(() => undefined);
    const next = await lastExecution(executions, JOB_ID);
    return next?.name === last?.name ? readJson<Summary>(edges.store, summaryKey(JOB_ID)) : ended();
  };
  const run = async (): Promise<Summary | undefined> => {
    await startJob(startEdges, {
      jobId: JOB_ID,
      profile: 'default',
      overrides: { provider: `${dialect}-simulator`, model: 'm', ...profile },
      inputs: () => Promise.resolve([{ key: INPUT_KEY }]),
    });
    return ended();
  };
  const cancel = async (): Promise<void> => void (await cancelJob(startEdges, JOB_ID));
  return {
    ledger,
    clock,
    store: edges.store,
    run,
    runAndCancel: async () => {
      const cancelled = new Promise<void>((resolve) => {
        onPoll = () => cancel().finally(resolve);
      });
      await run();
      await cancelled;
      return ended();
    },
    cancel: async () => {
      await cancel();
      return ended();
    },
  };
}

/** The real client with short timeouts. */
function providerOf(baseUrl: string, totalMs: number): StartProvider {
  const clients = new Map<string, ReturnType<typeof createProviderClient>>();
  return (settings) => {
    const known = clients.get(settings.name);
    if (known !== undefined) return known;
    const client = createProviderClient({
      settings: { ...settings, baseUrl },
      apiKey: () => Promise.resolve(KEY),
      wait: () => Promise.resolve(),
      timeouts: { total: totalMs },
    });
    onTestFinished(() => client.close());
    clients.set(settings.name, client);
    return client;
  };
}

type StartProvider = ReturnType<typeof openEdges>['provider'];
