import type { NightshiftConfig } from '../../src/config/config.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import { INDEX_PREFIX, jobKey, jobOfIndexKey } from '../../src/checkpoints/keys.ts';
import type { LogEvent } from '../../src/log.ts';
import type { StartEdges } from '../../src/job-control/start-job.ts';
import { startScheduledJob } from '../../src/job-control/start-scheduled-job.ts';
import { readJson } from '../../src/store/json.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { keysBelow, openStore } from '../requests/store.ts';
import { HeldExecutions } from '../support/held-executions.ts';

export const NOW = Date.parse('2026-11-12T22:00:05Z');
export const TIME = '2026-11-12T22:00:00Z';
export const LATER = '2026-11-12T23:00:00Z';

export const CONFIG: NightshiftConfig = {
  profiles: {
    default: { model: 'm' },
    classify: { model: 'c', rounds: 2 },
    reusing: { model: 'm', reuse: 'always' },
  },
  schedules: {
    nightly: {
      cron: '0 23 * * ? *',
      timezone: 'Europe/Berlin',
      inputs: ['staged/{{yyyy}}-{{MM}}-{{dd}}.csv'],
    },
    minutely: { rate: '1 minute', inputs: ['staged/{{HH}}{{mm}}.csv', 'staged/always.csv'] },
    hourly: { rate: '1 hour', prefix: 'staged/inbox/' },
    daily: { rate: '1 day', prefix: 'staged/inbox/' },
    named: {
      rate: '1 hour',
      prefix: 'staged/inbox/',
      name: 'The Inbox',
      profile: 'classify',
      overrides: { rounds: 7 },
    },
    whole: { rate: '1 hour', prefix: 'staged/inbox/', take: 'all', profile: 'reusing' },
    alike: { rate: '1 hour', prefix: 'staged/inbox/', name: 'The Inbox' },
  },
};

/** The start of scheduled jobs, with a store in a temporary folder. */
interface Stage {
  readonly edges: StartEdges;
  readonly store: ObjectStore;
  readonly executions: HeldExecutions;
  readonly logs: readonly LogEvent[];
  /** Delivers the event of a schedule. */
  readonly fire: (schedule: string, scheduledTime?: string) => ReturnType<typeof startScheduledJob>;
  /** Keys of the input files of a job. Empty if the job was not started. */
  readonly filesOf: (jobId: string) => Promise<string[]>;
  /** jobIds in the index, one per entry. */
  readonly index: () => Promise<string[]>;
}

export async function openStage(config = CONFIG): Promise<Stage> {
  const store = await openStore();
  const executions = new HeldExecutions();
  const logs: LogEvent[] = [];
  const edges: StartEdges = {
    store,
    executions,
    config,
    clock: { now: () => NOW },
    random: () => 0.5,
    log: (event) => void logs.push(event),
  };
  return {
    edges,
    store,
    executions,
    logs,
    fire: (schedule, scheduledTime = TIME) => startScheduledJob(edges, { schedule, scheduledTime }),
    filesOf: async (jobId) =>
      ((await readJson<Job>(store, jobKey(jobId)))?.inputs ?? []).map(({ key }) => key),
    index: async () => (await keysBelow(store, INDEX_PREFIX)).map(jobOfIndexKey),
  };
}
