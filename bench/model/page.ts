import { STEP_MEMORY_MIB } from '../../lib/step-memory.ts';
import { estimateAwsCost } from '../../src/cost/aws-cost.ts';
import { counted } from '../../src/text/counted.ts';
import { EVENTS_PER_POLL } from '../../src/steps/history.ts';
import { table } from '../table.ts';
import { estimateScale, type Estimate, type Scenario } from './scale-model.ts';
import { DEFAULTS, JOBS, LENGTHS, TOO_LARGE } from './scenarios.ts';

/** The generated parts of `docs/costs-and-limits.md`. */

export function jobsTable(jobs: readonly Scenario[] = JOBS): string {
  const head = [
    'shards',
    'MB each',
    'rounds',
    'a batch takes',
    'in flight',
    'wall time',
    'polls a shard',
    'events a shard',
  ];
  const more = ['transitions', 'requests/s at the provider: mean, busiest minute', 'AWS', 'a shard'];
  return table(
    [...head, ...more],
    jobs.map((job) => jobRow(job, estimateScale(job))),
  );
}

function jobRow(job: Scenario, estimate: Estimate): string[] {
  const { shards, shardBytes, rounds, endsAfter, inFlight } = job;
  const { wallSeconds, pollsPerShard, shardEvents, transitions, requestsPerSecond, usd, problems } = estimate;
  const { mean, peak } = requestsPerSecond;
  const asked = [shards, shardBytes / 1e6, rounds, duration(endsAfter), inFlight];
  const counts = [duration(wallSeconds), pollsPerShard, shardEvents, transitions];
  const stopped = problems.length === 0 ? '' : ' (does not fit)';
  return [
    ...asked.map(show),
    ...counts.map(show),
    `${mean.toPrecision(2)}, ${peak.toPrecision(2)}`,
    `${dollars(usd)}${stopped}`,
    dollars(usd / shards),
  ];
}

/** Table of the parts of a job's cost. */
function sharesTable(): string {
  const jobs = [
    DEFAULTS,
    { ...DEFAULTS, shards: 1_000, inFlight: 1_000 },
    { ...DEFAULTS, shards: 80_000, inFlight: 10_000 },
  ];
  const rows = jobs.map((job) => {
    const { usd, cost, resultsUsdPerMonth } = estimateScale(job);
    const { stepFunctions, lambda, s3, storage, egress, logs, events } = cost;
    const parts = [stepFunctions, lambda, s3, storage, egress, logs, events, usd, resultsUsdPerMonth];
    return [show(job.shards), ...parts.map(dollars)];
  });
  const head = ['shards', 'Step Functions', 'Lambda', 'S3 requests', 'storage', 'to the provider', 'logs'];
  return table([...head, "S3's events, secret", 'together', 'results kept, a month'], rows);
}

/** Polls of one shard by duration of its batch, compared with a poll every 5 minutes. */
function pollsChart(): string {
  const names = Object.keys(LENGTHS);
  const ours = Object.values(LENGTHS).map(
    (endsAfter) => estimateScale({ ...DEFAULTS, endsAfter }).pollsPerShard,
  );
  const steady = Object.values(LENGTHS).map((endsAfter) => Math.ceil(endsAfter / 300));
  return [
    '```mermaid',
    'xychart-beta',
    '  title "Polls of a shard: ours (bars), and one every 5 minutes (line)"',
    `  x-axis "the batch takes" [${names.map((name) => `"${name}"`).join(', ')}]`,
    '  y-axis "polls"',
    `  bar [${ours.join(', ')}]`,
    `  line [${steady.join(', ')}]`,
    '```',
  ].join('\n');
}

/** The polls of the chart as a table, with cost and delay. */
function pollsTable(): string {
  const rows = Object.entries(LENGTHS).map(([name, endsAfter]) => {
    const linear = estimateScale({ ...DEFAULTS, endsAfter });
    const blind = estimateScale({ ...DEFAULTS, endsAfter, counters: false });
    const often = Math.ceil(endsAfter / 30);
    return [
      name,
      `${linear.pollsPerShard}, ${linear.delaySeconds} s late`,
      `${blind.pollsPerShard}, ${blind.delaySeconds} s late`,
      dollars(costOfPolls(linear.pollsPerShard)),
      `${show(often)} polls, ${often * EVENTS_PER_POLL > MAX_EVENTS ? 'more events than an execution may have' : dollars(costOfPolls(often))}`,
    ];
  });
  const head = [
    'a batch takes',
    'polls with counters',
    'polls without',
    'AWS, with counters',
    'a poll every 30 s',
  ];
  return table(head, rows);
}

const MAX_EVENTS = 25_000;

function costOfPolls(polls: number): number {
  const { shardBytes } = DEFAULTS;
  return estimateAwsCost({ groups: [{ shards: 1, bytes: shardBytes, polls }], memoryMib: STEP_MEMORY_MIB })
    .usd.total;
}

/**
 * Monthly cost of an idle stack.
 * @param counts number of each resource in the stack
 */
function idleTable(counts: Paid): string {
  const kinds = Object.entries(IDLE) as [keyof typeof IDLE, (typeof IDLE)[keyof typeof IDLE]][];
  const rows = kinds.map(([kind, { name, usdPerMonth, source }]) => {
    return [`${counts[kind]} ${name}`, dollars(counts[kind] * usdPerMonth), source];
  });
  const total = kinds.reduce((sum, [kind, { usdPerMonth }]) => sum + counts[kind] * usdPerMonth, 0);
  return table(['the stack has', 'a month', 'source'], [...rows, ['together', dollars(total), '']]);
}

/** US East (N. Virginia), without free tiers, as of November 2026. */
const IDLE = {
  secrets: { name: 'secret', usdPerMonth: 0.4, source: 'https://aws.amazon.com/secrets-manager/pricing/' },
  alarmMetrics: {
    name: 'metrics with an alarm',
    usdPerMonth: 0.1,
    source: 'https://aws.amazon.com/cloudwatch/pricing/',
  },
  dashboards: { name: 'dashboard', usdPerMonth: 3, source: 'https://aws.amazon.com/cloudwatch/pricing/' },
} as const;

/** Number of each resource in a stack. */
type Paid = Readonly<Record<keyof typeof IDLE, number>>;

/** The part of `docs/costs-and-limits.md` below the mark. */
export function chartAndTables(idle: Paid): string {
  return [
    '## An idle stack',
    idleTable(idle),
    '## Jobs',
    jobsTable(),
    'What does not fit:',
    problemsList(TOO_LARGE),
    '## Where the money goes',
    sharesTable(),
    '## Polls of a shard',
    pollsChart(),
    pollsTable(),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n');
}

/** The limits that too large jobs would exceed, by job. */
export function problemsList(jobs: readonly Scenario[]): string {
  return jobs
    .flatMap((job) =>
      estimateScale(job).problems.map(
        (problem) =>
          `- ${counted(job.shards, 'shard')} of ${job.shardBytes / 1e6} MB, ${job.inFlight} in flight: ${problem}.`,
      ),
    )
    .join('\n');
}

/** `1.5 d`, `24.1 h`, `10 min` */
function duration(seconds: number): string {
  if (seconds >= 2 * 86_400) return `${Number((seconds / 86_400).toFixed(1))} d`;
  if (seconds >= 3_600) return `${Number((seconds / 3_600).toFixed(1))} h`;
  return `${Math.round(seconds / 60)} min`;
}

const show = (value: number | string): string =>
  typeof value === 'string' ? value : value.toLocaleString('en');

const dollars = (usd: number): string => (usd < 0.1 ? `$${usd.toFixed(4)}` : `$${usd.toFixed(2)}`);
