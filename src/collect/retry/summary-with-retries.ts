import type { RetryRecord, Summary } from '../../checkpoints/summary.ts';
import type { Usage } from '../../checkpoints/counts.ts';
import { rowsNotOk } from '../../checkpoints/outcomes.ts';
import { deadLettersKey } from '../../checkpoints/keys.ts';
import { sumModels } from '../counts/model-usage.ts';
import { money } from '../../spending/price.ts';
import { addUsage } from '../../spending/usage.ts';
import type { LineTally } from './retried-lines.ts';

export interface WithRetries {
  /** The job's summary before its first retry. */
  readonly first: Summary;
  /** The job's current summary, without the last retry. */
  readonly before: Summary;
  /** The number of the retry, from 1, and its summary. */
  readonly nth: number;
  readonly retry: Summary;
  /** Counts of the merged result lines. */
  readonly lines: Pick<LineTally, 'counts' | 'errors' | 'problems'>;
}

/** Adds the results of retries to a job's summary. Pure; the same retry may be merged again. */
export function summaryWithRetries({ first, before, nth, retry, lines }: WithRetries): Summary {
  const { counts, errors, problems } = lines;
  const notOk = rowsNotOk(counts);
  const earlier = (before.retries ?? []).filter(({ jobId }) => jobId !== retry.jobId);
  const retries = [...earlier, recordOf(retry)];
  const models = sumModels([first.models, ...retries.map((each) => each.models)]);
  const sum = (of: (each: RetryRecord) => number): number =>
    retries.reduce((total, each) => total + of(each), 0);
  return {
    ...first,
    status: notOk > 0 ? 'partial' : 'succeeded',
    counts,
    rounds: Math.max(first.rounds, ...retries.map(({ rounds }) => rounds)),
    usage: retries.map(({ usage }) => usage).reduce(addUsage, first.usage),
    ...reusedWith([first, ...retries]),
    ...costWith(first, retries),
    models,
    truncated: models.reduce((total, model) => total + model.truncated, 0),
    refused: models.reduce((total, model) => total + model.refused, 0),
    errors,
    problems,
    batches: [
      ...before.batches.filter((batch) => batch.retry !== nth),
      ...retry.batches.map((batch) => ({ ...batch, retry: nth })),
    ],
    open: retry.open ?? [],
    left: [...new Set([...before.left, ...retry.left])],
    deadLetters: notOk > 0 ? deadLettersKey(first.jobId) : undefined,
    retries,
    endedAt: retry.endedAt,
    seconds: first.seconds + sum(({ seconds }) => seconds),
  };
}

/**
 * Each retry counts at its own price, because the profile's price may have changed. Amounts in different currencies are not
 * added.
 */
function costWith({ cost }: Summary, retries: readonly RetryRecord[]): Pick<Summary, 'cost'> {
  const costs = [cost, ...retries.map((retry) => retry.cost)].filter((each) => each !== undefined);
  const [one] = costs;
  if (one === undefined || costs.some(({ currency }) => currency !== one.currency)) return {};
  return { cost: { ...one, amount: money(costs.reduce((sum, { amount }) => sum + amount, 0)) } };
}

/** Rows with answers of earlier jobs, in the job and in its retries. */
function reusedWith(ends: readonly Pick<Summary, 'reused'>[]): Pick<Summary, 'reused'> {
  const all = ends.flatMap(({ reused }) => reused ?? []);
  const [one, ...others] = all;
  if (one === undefined || others.length === 0) return one === undefined ? {} : { reused: one };
  const rowsOf = new Map<string, number>();
  for (const { jobId, rows } of all.flatMap(({ from }) => from))
    rowsOf.set(jobId, (rowsOf.get(jobId) ?? 0) + rows);
  const saved = all.map((each): Usage => each.saved).reduce(addUsage);
  const amounts = all.map((each) => each.saved.money);
  const isOneCurrency = amounts.every((each) => each?.currency === one.saved.money?.currency);
  const amount = money(amounts.reduce((sum, each) => sum + (each?.amount ?? 0), 0));
  return {
    reused: {
      rows: all.reduce((sum, { rows }) => sum + rows, 0),
      from: [...rowsOf].map(([jobId, rows]) => ({ jobId, rows })),
      saved: {
        ...saved,
        ...(isOneCurrency && one.saved.money !== undefined && { money: { ...one.saved.money, amount } }),
      },
    },
  };
}

function recordOf({
  jobId,
  status,
  rows,
  counts,
  rounds,
  reused,
  usage,
  cost,
  models,
  ...end
}: Summary): RetryRecord {
  const { endedAt, seconds } = end;
  return {
    jobId,
    status,
    rows,
    ok: counts.ok,
    rounds,
    ...(reused && { reused }),
    usage,
    ...(cost && { cost }),
    models,
    endedAt,
    seconds,
  };
}
