import { STEP_MEMORY_MIB } from '../../lib/step-memory.ts';
import { estimateAwsCost, type AwsCost } from '../../src/cost/aws-cost.ts';
import { buildSeconds, stepSeconds, type CostedStep } from '../../src/cost/step-seconds.ts';
import { pollTimes } from '../../cli/poll-schedule.ts';
import type { PollLimits } from '../../src/checkpoints/profile.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';

/** The defaults of a profile. */
export const POLLING: PollLimits = resolveProfile(
  { profiles: { default: { provider: 'melious', model: 'm' } } },
  'default',
).polling;

/** A job with equal shards. Times in seconds. */
export interface Scenario {
  readonly shards: number;
  /** Rounds of each shard. */
  readonly rounds: number;
  readonly windowSeconds: number;
  /** Duration of each batch. */
  readonly endsAfter: number;
  /** Batches at the provider at the same time. */
  readonly inFlight: number;
  /** Request lines of one shard. */
  readonly shardBytes: number;
  /** True if the provider reports the number of finished rows. Default: true, and it grows evenly. */
  readonly counters?: boolean;
}

export interface Estimate {
  /** Time from the drop to `summary.json`. */
  readonly wallSeconds: number;
  /** Polls in all rounds. */
  readonly pollsPerShard: number;
  /** Time from a batch's end to the poll that finds it ended. */
  readonly delaySeconds: number;
  readonly shardEvents: number;
  readonly jobEvents: number;
  readonly transitions: number;
  readonly lambdaCalls: number;
  readonly providerRequests: number;
  /** Requests to the provider: over the whole job, and in its busiest minute. */
  readonly requestsPerSecond: { readonly mean: number; readonly peak: number };
  readonly usd: number;
  readonly cost: AwsCost['usd'];
  readonly resultsUsdPerMonth: number;
  /** Limits that the job would exceed. */
  readonly problems: readonly string[];
}

/** Most Standard children that Distributed Map starts per second. */
const STARTS_PER_SECOND = 100;

/** Requests of one round besides polls: upload, create, look at the batch, list and download its output, delete both files. */
const REQUESTS_PER_ROUND = 7;

const RETRY_WAIT_SECONDS = 60;
const LAMBDA_SECONDS = 900;

/** The default of `limits.jobDays`. */
const JOB_SECONDS = 14 * 86_400;

/**
 * Estimates a job. Waits follow the rule of the poll Lambda. `test/cost/aws-cost.test.ts` compares events and transitions with a
 * run of the synthesized machine. Durations of steps are estimates.
 */
export function estimateScale(scenario: Scenario): Estimate {
  const { shards, rounds, shardBytes, inFlight, endsAfter } = scenario;
  const times = pollsOf(scenario);
  const seen = times.at(-1) ?? 0;
  const pollsPerShard = rounds * times.length;
  const sending = stepSeconds('upload-file', shardBytes) + stepSeconds('create-batch', shardBytes);
  const roundSeconds = sending + seen + stepSeconds('collect-results', shardBytes);
  const retries = RETRY_WAIT_SECONDS * (2 ** (rounds - 1) - 1);
  const waves = Math.ceil(shards / inFlight);
  const bytes = shards * shardBytes;
  const ends = buildSeconds(bytes) + stepSeconds('write-results', bytes);
  const starts = Math.min(shards, inFlight) / STARTS_PER_SECOND;
  const wallSeconds = ends + starts + waves * (rounds * roundSeconds + retries);
  const groups = [{ shards, bytes: shardBytes, rounds, polls: pollsPerShard, seconds: wallSeconds }];
  const aws = estimateAwsCost({ groups, memoryMib: STEP_MEMORY_MIB });
  const providerRequests = shards * (pollsPerShard + rounds * REQUESTS_PER_ROUND);
  return {
    wallSeconds,
    pollsPerShard,
    delaySeconds: seen - endsAfter,
    shardEvents: aws.events.shard,
    jobEvents: aws.events.job,
    transitions: aws.transitions,
    lambdaCalls: aws.lambdaCalls,
    providerRequests,
    requestsPerSecond: {
      mean: providerRequests / wallSeconds,
      peak: busiestMinute(times, Math.min(shards, inFlight), sending),
    },
    usd: aws.usd.total,
    cost: aws.usd,
    resultsUsdPerMonth: aws.resultsUsdPerMonth,
    problems: problemsOf(scenario, aws, wallSeconds),
  };
}

function pollsOf({ windowSeconds, endsAfter, counters = true }: Scenario): readonly number[] {
  const batch = { limits: POLLING, windowSeconds, endsAfter };
  return pollTimes(counters ? batch : { ...batch, progress: () => undefined });
}

/** Requests per second if the shards of a wave start as fast as possible: each uploads, creates and polls. */
function busiestMinute(times: readonly number[], shards: number, sending: number): number {
  const minutes = new Map<number, number>();
  const count = (second: number): void => {
    const minute = Math.floor(second / 60);
    minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
  };
  for (let shard = 0; shard < shards; shard += 1) {
    const start = shard / STARTS_PER_SECOND;
    count(start);
    count(start + sending);
    for (const time of times) count(start + sending + time);
  }
  return Math.max(...minutes.values()) / 60;
}

const MAX_EVENTS = 25_000;

/** Steps that move the rows of one shard in one call. *Build requests* and *Write results* take as many calls as they need. */
const STEPS_OF_SHARD: readonly (readonly [step: CostedStep, name: string])[] = [
  ['upload-file', 'Upload file'],
  ['collect-results', 'Collect results'],
];

function problemsOf({ shardBytes }: Scenario, { events }: AwsCost, wallSeconds: number): string[] {
  return [
    ...(events.shard < MAX_EVENTS
      ? []
      : [`a shard would have ${events.shard} history events; 25,000 end it`]),
    ...STEPS_OF_SHARD.flatMap(([step, name]) => {
      const seconds = stepSeconds(step, shardBytes);
      if (seconds <= LAMBDA_SECONDS) return [];
      return [`${name} would run for about ${Math.ceil(seconds)} s; a Lambda ends after ${LAMBDA_SECONDS} s`];
    }),
    ...(wallSeconds <= JOB_SECONDS
      ? []
      : [`the job would take ${Math.ceil(wallSeconds / 86_400)} days; \`limits.jobDays\` ends it after 14`]),
  ];
}
