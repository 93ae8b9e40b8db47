import type { Failure } from '../errors.ts';
import type { BatchRecord } from '../checkpoints/round/collected.ts';
import type { Job } from '../checkpoints/job.ts';
import type { Pilot } from '../checkpoints/pilot.ts';
import { rowsToSend, type Plan } from '../checkpoints/plan.ts';
import type { ShardEnd } from '../checkpoints/shard/shard-end.ts';
import type { Summary } from '../checkpoints/summary.ts';
import { sumUnexplained } from '../checkpoints/unexplained.ts';
import { shownInputs } from '../requests/shown-inputs.ts';
import type { Stop } from '../checkpoints/stop.ts';
import { addCounts, rowsNotOk } from '../checkpoints/outcomes.ts';
import { deadLettersKey, resultsKey } from '../checkpoints/keys.ts';
import type { Followed } from './shard/fill-followers.ts';
import type { SettledShard } from './shard/settle-shards.ts';
import { sumErrors } from './counts/error-counts.ts';
import { withoutPilot } from '../pilot/without-pilot.ts';
import { advise } from './advise.ts';
import { jobFailure, endStatusOf } from './job-failure.ts';
import { stepsOf } from './steps-of-job.ts';
import { costOf, costOfModels, money, priceOf } from '../spending/price.ts';
import type { Saved, Usage } from '../checkpoints/counts.ts';
import type { Price } from '../checkpoints/profile.ts';
import { sumModels } from './counts/model-usage.ts';
import { addUsage, NO_USAGE } from '../spending/usage.ts';

export interface JobEnd {
  readonly job: Job;
  /** Absent if Build could not read the input. */
  readonly plan: Plan | undefined;
  /** Absent in a job without a pilot. */
  readonly pilot?: Pilot | undefined;
  readonly shards: readonly SettledShard[];
  /** Rows that earlier rows answer; the shards do not count them. */
  readonly followed?: Followed | undefined;
  /** Why the job failed as a whole. */
  readonly failure: Failure | undefined;
  /** Why nothing new was sent after some time. */
  readonly stop: Stop | undefined;
  readonly endedAt: Date;
}

/** Makes the summary of a job. Pure. */
export function summarize({ job, plan, pilot, shards, followed, endedAt, ...end }: JobEnd): Summary {
  const ends = shards.map((shard) => shard.end);
  const failure = jobFailure(end, ends);
  const counts = addCounts([...ends.map((end) => end.counts), ...(followed ? [followed.counts] : [])]);
  const notOk = rowsNotOk(counts);
  const batches = ends.flatMap((each) => each.batches);
  const sentDirect = countDirect(batches);
  const { jobId, profile, inputs, createdAt } = job;
  return {
    jobId,
    status: endStatusOf(failure, notOk),
    profile: profile.name,
    ...(job.simulated && { simulated: job.simulated }),
    provider: profile.provider.name,
    model: profile.model,
    endpoint: profile.endpoint,
    inputs: plan?.inputs ?? shownInputs(inputs),
    ...(job.skipped !== undefined && { skipped: job.skipped }),
    ...sampleFacts(job, plan),
    ...(followed !== undefined &&
      followed.rows > 0 && {
        deduplicated: {
          rows: followed.rows,
          ok: followed.counts.ok,
          saved: savedBy(followed.saved, profile),
        },
      }),
    ...reuseFacts(job, plan),
    rows: plan?.rows ?? 0,
    counts,
    shards: shards.length,
    rounds: Math.max(0, ...ends.map(({ rounds }) => rounds)),
    ...(sentDirect > 0 && { sentDirect }),
    usage: ends.map(({ usage }) => usage).reduce(addUsage, NO_USAGE),
    ...sumAnswers(ends, profile.price),
    ...stepsOf(job, plan, shards),
    ...(pilot !== undefined && { pilot }),
    ...withoutPilotOf(job, plan),
    errors: sumErrors([...ends.map(({ errors = [] }) => errors), followed?.errors ?? []]),
    unexplained: sumUnexplained(ends),
    ...unreadableIn(ends),
    batches,
    open: ends.flatMap(({ open, twins = [] }) => [...(open === undefined ? [] : [open]), ...twins]),
    left: ends.flatMap(({ left }) => left),
    problems: plan?.problems ?? [],
    results: shards.length > 0 ? resultsKey(jobId) : undefined,
    deadLetters: notOk > 0 ? deadLettersKey(jobId) : undefined,
    ...(failure === undefined ? {} : { failure, advice: advise(failure) }),
    startedAt: createdAt,
    endedAt: endedAt.toISOString(),
    seconds: Math.max(0, Math.round((endedAt.getTime() - Date.parse(createdAt)) / 1_000)),
  };
}

/** The tokens that separate answers would have used, and their cost at the profile's price. */
function savedBy(usage: Usage, { price, model }: Job['profile']): Saved {
  if (price === undefined) return usage;
  const amount = money(costOf(priceOf(price, model), usage));
  return { ...usage, money: { amount, currency: price.currency } };
}

function withoutPilotOf(job: Job, plan: Plan | undefined): Pick<Summary, 'withoutPilot'> {
  const alone = plan && withoutPilot(job, plan);
  return alone === undefined ? {} : { withoutPilot: alone };
}

function sampleFacts({ limit, sample }: Job, plan: Plan | undefined): Pick<Summary, 'sample' | 'taken'> {
  const rows = plan?.answered ?? 0;
  return {
    ...(limit !== undefined && { sample: { limit, hasMore: plan?.hasMore === true } }),
    ...(sample !== undefined && rows > 0 && { taken: { jobId: sample.jobId, rows } }),
  };
}

function reuseFacts({ profile }: Job, plan: Plan | undefined): Pick<Summary, 'reused' | 'sent'> {
  if (plan === undefined) return {};
  const { reused } = plan;
  return {
    ...(reused && {
      reused: { rows: reused.rows, from: reused.from, saved: savedBy(reused.usage, profile) },
    }),
    sent: rowsToSend(plan),
  };
}

function countDirect(batches: readonly BatchRecord[]): number {
  return batches
    .filter(({ batchId, status }) => batchId === undefined && status === 'direct')
    .reduce((sum, { requests }) => sum + requests, 0);
}

function sumAnswers(
  ends: readonly ShardEnd[],
  price: Price | undefined,
): Pick<Summary, 'cost' | 'models' | 'truncated' | 'refused'> {
  const models = sumModels(ends.map((end) => end.models ?? []));
  const sum = (count: 'truncated' | 'refused'): number =>
    models.reduce((total, model) => total + model[count], 0);
  const cost = price && { amount: costOfModels(price, models), currency: price.currency };
  return { ...(cost && { cost }), models, truncated: sum('truncated'), refused: sum('refused') };
}

/** The first unreadable lines of all shards. */
function unreadableIn(ends: readonly ShardEnd[]): Pick<Summary, 'unreadableLines'> {
  const unreadableLines = ends.flatMap((end) => end.unreadableLines ?? []).slice(0, 5);
  return unreadableLines.length === 0 ? {} : { unreadableLines };
}
