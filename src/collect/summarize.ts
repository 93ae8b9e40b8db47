import type { Failure } from '../errors.ts';
import type { BatchRecord } from '../checkpoints/round/collected.ts';
import type { InputRef, Job, SkippedFiles } from '../checkpoints/job.ts';
import type { Pilot } from '../checkpoints/pilot.ts';
import { rowsToSend, type Plan } from '../checkpoints/plan.ts';
import type { ShardEnd } from '../checkpoints/shard/shard-end.ts';
import type { Summary } from '../checkpoints/summary.ts';
import { sumUnexplained } from '../checkpoints/unexplained.ts';
import { shownInputs } from '../requests/shown-inputs.ts';
import { isCancelled, type Stop } from '../checkpoints/stop.ts';
import { addCounts, NO_ROWS, rowsNotOk, settledRows } from '../checkpoints/outcomes.ts';
import { deadLettersKey, resultsKey } from '../checkpoints/keys.ts';
import type { Followed } from './shard/fill-followers.ts';
import type { SettledShard } from './shard/settle-shards.ts';
import { sumErrors } from './counts/error-counts.ts';
import { withoutPilot } from '../pilot/without-pilot.ts';
import { jobAtStep } from '../ladder/step-of-round.ts';
import { sumSteps } from './counts/step-counts.ts';
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
  /** Why nothing new was sent from some point on. */
  readonly stop: Stop | undefined;
  readonly endedAt: Date;
}

/** A job that was not started. */
export interface Unstarted {
  readonly jobId: string;
  readonly profile: string;
  readonly inputs: readonly InputRef[];
  readonly skipped?: SkippedFiles | undefined;
  /** Why it was rejected; absent if there was nothing to do. */
  readonly rejection?: Error | undefined;
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
    status: statusOf(failure, notOk),
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
        deduplicated: { rows: followed.rows, saved: savedBy(followed.saved, profile) },
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

/** What separate answers would have cost, in tokens and at the profile's price. */
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
  if (plan === undefined || (plan.reused ?? plan.deduplicated) === undefined) return {};
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

function statusOf(failure: Failure | undefined, notOk: number): Summary['status'] {
  if (failure !== undefined) return failure.name === 'JobCancelled' ? 'cancelled' : 'failed';
  return notOk > 0 ? 'partial' : 'succeeded';
}

/** Summary of a job that was not started: its request is invalid, or there was nothing to do. */
export function summarizeNothing(
  { jobId, profile, inputs, rejection, skipped }: Unstarted,
  at: string,
): Summary {
  const failure = rejection && { name: rejection.name, code: rejection.name, message: rejection.message };
  return {
    jobId,
    status: failure === undefined ? 'empty' : 'failed',
    profile,
    provider: undefined,
    model: undefined,
    endpoint: undefined,
    inputs: shownInputs(inputs),
    ...(skipped !== undefined && { skipped }),
    rows: 0,
    counts: NO_ROWS,
    shards: 0,
    rounds: 0,
    usage: NO_USAGE,
    models: [],
    truncated: 0,
    refused: 0,
    errors: [],
    unexplained: sumUnexplained([]),
    batches: [],
    open: [],
    left: [],
    problems: [],
    results: undefined,
    deadLetters: undefined,
    ...(failure === undefined ? {} : { failure, advice: advise(failure) }),
    startedAt: at,
    endedAt: at,
    seconds: 0,
  };
}

/** Why the job failed. A stop after every row has its outcome is not a failure. */
function jobFailure(
  { failure, stop }: Pick<JobEnd, 'failure' | 'stop'>,
  ends: readonly ShardEnd[],
): Failure | undefined {
  // If a job stopped because its pilot did not finish, the pilot's shards have the reason.
  const echoed = failure?.name === 'JobStopped' ? rootFailure(ends) : undefined;
  const failed = echoed ?? failure ?? rootFailure(ends);
  if (failed === undefined || stop === undefined) return failed;
  return isCancelled(stop) || failed.name === 'JobStopped' ? stop.failure : failed;
}

/** The first failure of a shard that does not merely repeat another shard's. */
function rootFailure(ends: readonly ShardEnd[]): Failure | undefined {
  const failures = ends.flatMap(({ failure }) => failure ?? []);
  return failures.find(({ name }) => name !== 'JobStopped') ?? failures[0];
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

/** Only in jobs with a ladder: each step, and the cost at the steps' prices. */
function stepsOf(
  job: Job,
  plan: Plan | undefined,
  shards: readonly SettledShard[],
): Pick<Summary, 'steps' | 'cost'> {
  if (job.profile.then === undefined) return {};
  const counts = sumSteps(
    shards.map(({ shard, end: { steps, counts, usage, models = [] } }) => {
      const { answered = 0, reused = 0 } = plan?.shards[shard] ?? {};
      // Rows with known answers were sent by no step.
      const known = answered + reused;
      const rows = settledRows(counts) - counts.invalid - known;
      return steps ?? (rows === 0 ? [] : [{ step: 1, rows, ok: counts.ok - known, usage, models }]);
    }),
  );
  const steps = counts.map((each) => {
    const at = each.step === 1 ? undefined : { nth: each.step - 1, from: 1 };
    const { provider, model, price } = jobAtStep(job, at).profile;
    const cost = price && { amount: costOfModels(price, each.models), currency: price.currency };
    return { ...each, provider: provider.name, model, ...(cost && { cost }) };
  });
  const costs = steps.flatMap(({ cost }) => cost ?? []);
  const [first] = costs;
  const amount = money(costs.reduce((sum, cost) => sum + cost.amount, 0));
  return { steps, ...(first && { cost: { ...first, amount } }) };
}

/** The first unreadable lines of all shards. */
function unreadableIn(ends: readonly ShardEnd[]): Pick<Summary, 'unreadableLines'> {
  const unreadableLines = ends.flatMap((end) => end.unreadableLines ?? []).slice(0, 5);
  return unreadableLines.length === 0 ? {} : { unreadableLines };
}

const RESUME = 'Then start the same job again: it continues from its checkpoints, and nothing is paid twice.';

/** What to do next, by the name of the failure. */
function advise({ name }: Failure): string {
  switch (name) {
    // What is wrong may be in the file, in the prompt, or in how the file is to be read: the message says it.
    case 'InvalidInput':
    case 'InvalidRequest':
      return 'Correct what the message names, and start a new job. Nothing was sent.';
    case 'JobCancelled':
      return 'Resume the job to continue: finished rows are kept, and nothing is paid twice.';
    case 'ProviderDenied':
    case 'JobStopped':
      return `Check the provider's key, its scopes and the account's credit. ${RESUME}`;
    case 'BudgetExceeded':
      return `Raise the budget of the profile by the missing amount or, if the month's budget is used up, wait for the next month. ${RESUME}`;
    case 'TooManyBadRows':
      return 'Look at the errors of the rows that are not ok. If the profile is wrong, correct it and run the input as a new job. If these rows are acceptable, raise maxBad, and start the same job again: it continues from its checkpoints.';
    case 'PilotStopped':
      return 'Look at the answers of the pilot. If the profile is wrong, correct it and run the input as a new job. If these rows are acceptable, continue the job: nightshift approve <job>. Nothing is paid twice.';
    case 'BatchOpen':
      return `Look at the batches under "open" at the provider: cancel them there, or wait until they have ended. ${RESUME}`;
    case 'OutputIncomplete':
    case 'OutputUnrecognised':
      return `Check the batches under "open" at the provider, and wait for their files. ${RESUME}`;
    case 'ExecutionTooLong':
      return 'Start the same job again: it continues with the remaining rows, and nothing is paid twice.';
    case 'Sandbox.Timedout':
    case 'States.Timeout':
      return `A step used up all its time, three times: the store or the provider is slow, or an input cannot be read again within that time (gzip, XLSX, Parquet, one JSON array). Split such an input, or give it as JSON lines or CSV. ${RESUME}`;
    case 'StepTimedOut':
      return `The provider or the store was too slow for a step, three times. The answers are paid for: a new job would pay for them again. Wait until both are faster. ${RESUME}`;
    case 'ProviderUnavailable':
    case 'ProviderThrottled':
      return `The provider has not answered for a long time; wait until it does. ${RESUME}`;
    case 'StoreRejected':
    case 'StoreUnavailable':
      return `Do what the message says. ${RESUME}`;
    default:
      return `The steps' logs have details: on AWS in CloudWatch, on one machine with --verbose. ${RESUME}`;
  }
}
