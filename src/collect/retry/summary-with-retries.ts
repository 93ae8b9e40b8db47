import type { RetryRecord, Summary } from '../../checkpoints/summary.ts';
import type { OutcomeCounts, Saved, Usage } from '../../checkpoints/counts.ts';
import { rowsNotOk } from '../../checkpoints/outcomes.ts';
import { deadLettersKey } from '../../checkpoints/keys.ts';
import { sumModels } from '../counts/model-usage.ts';
import { money } from '../../spending/price.ts';
import { addUsage, NO_USAGE } from '../../spending/usage.ts';
import type { LineCounts } from './retried-lines.ts';

export interface WithRetries {
  /** The job's summary before its first retry. */
  readonly first: Summary;
  /** The job's current summary, without the last retry. */
  readonly before: Summary;
  /** The number of the retry, from 1, and its summary. */
  readonly nth: number;
  readonly retry: Summary;
  /** Counts of the merged result lines. */
  readonly lines: LineCounts;
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
  const { reused: _reused, deduplicated: _deduplicated, ...unchanged } = first;
  return {
    ...unchanged,
    status: notOk > 0 ? 'partial' : 'succeeded',
    counts,
    rounds: Math.max(first.rounds, ...retries.map(({ rounds }) => rounds)),
    usage: retries.map(({ usage }) => usage).reduce(addUsage, first.usage),
    ...knownRows(first, retries, counts),
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
 * The cost including retries. Each retry counts at its own price, because the profile's price may have changed. Amounts in
 * different currencies are not added.
 */
function costWith({ cost }: Summary, retries: readonly RetryRecord[]): Pick<Summary, 'cost'> {
  const costs = [cost, ...retries.map((retry) => retry.cost)].filter((each) => each !== undefined);
  const [one] = costs;
  if (one === undefined || costs.some(({ currency }) => currency !== one.currency)) return {};
  return { cost: { ...one, amount: money(costs.reduce((sum, { amount }) => sum + amount, 0)) } };
}

type KnownRows = Pick<Summary, 'sent' | 'reused' | 'deduplicated'>;

/** The results of rows that were not sent, in the job and its retries. Each row counts once, by its last result. */
function knownRows(first: Summary, retries: readonly RetryRecord[], { invalid }: OutcomeCounts): KnownRows {
  const reused = reusedWith([first, ...retries]);
  const deduplicated = deduplicatedWith([first, ...retries]);
  const known = invalid + (reused?.rows ?? 0) + (deduplicated?.rows ?? 0) + (first.taken?.rows ?? 0);
  return {
    sent: first.rows - known,
    ...(reused && { reused }),
    ...(deduplicated && { deduplicated }),
  };
}

/** Rows with answers of earlier jobs, in the job and its retries. */
function reusedWith(ends: readonly KnownRows[]): Summary['reused'] {
  const all = ends.flatMap(({ reused }) => reused ?? []);
  if (all.length === 0) return undefined;
  const rowsOf = new Map<string, number>();
  for (const { jobId, rows } of all.flatMap(({ from }) => from))
    rowsOf.set(jobId, (rowsOf.get(jobId) ?? 0) + rows);
  return {
    rows: all.reduce((sum, { rows }) => sum + rows, 0),
    from: [...rowsOf].map(([jobId, rows]) => ({ jobId, rows })),
    saved: sumSaved(all.map(({ saved }) => saved)),
  };
}

/**
 * Rows that have the same request as an earlier row, in the job or in the last retry. A retry has all rows that are not ok, so
 * its numbers replace earlier ones.
 */
function deduplicatedWith(ends: readonly KnownRows[]): Summary['deduplicated'] {
  const all = ends.flatMap(({ deduplicated }) => deduplicated ?? []);
  const last = ends.at(-1)?.deduplicated;
  const ok = all.reduce((sum, each) => sum + (each.ok ?? each.rows), 0);
  const rows = ok + (last === undefined ? 0 : last.rows - (last.ok ?? last.rows));
  return rows === 0 ? undefined : { rows, ok, saved: sumSaved(all.map(({ saved }) => saved)) };
}

/** Adds up saved usage. Amounts in different currencies are not added. */
function sumSaved(all: readonly Saved[]): Saved {
  const amounts = all.map(({ money: amount }) => amount);
  const [one] = amounts;
  const usage = all.map(({ money: _money, ...saved }): Usage => saved).reduce(addUsage, NO_USAGE);
  if (one === undefined || amounts.some((each) => each?.currency !== one.currency)) return usage;
  return {
    ...usage,
    money: { ...one, amount: money(amounts.reduce((sum, each) => sum + (each?.amount ?? 0), 0)) },
  };
}

function recordOf({
  jobId,
  status,
  rows,
  counts,
  rounds,
  sent,
  reused,
  deduplicated,
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
    ...(sent !== undefined && { sent }),
    ...(reused && { reused }),
    ...(deduplicated && { deduplicated }),
    usage,
    ...(cost && { cost }),
    models,
    endedAt,
    seconds,
  };
}
