import type { Job } from '../checkpoints/job.ts';
import { readJobLedger } from '../checkpoints/ledger.ts';
import type { Plan } from '../checkpoints/plan.ts';
import { BudgetExceeded, withCode } from '../errors.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { estimateCost, isGuess, longestAnswer, sendingOf } from './estimate.ts';
import { currentLimits, limitsOf } from './limits.ts';
import { costOf, moneyText, priceOf } from './price.ts';

/**
 * Compares a plan's estimated cost with the job's budget before anything is sent.
 * @throws BudgetExceeded
 */
export async function checkEstimate(store: ObjectStore, { jobId, profile }: Job, plan: Plan): Promise<void> {
  if (profile.price === undefined) return;
  const message = estimateProblem(
    profile,
    plan,
    currentLimits(profile, await readJobLedger(store, jobId)).max,
  );
  if (message !== undefined) throw new BudgetExceeded(withCode(message, 'BUDGET_EXCEEDED'));
}

/** The reason why a plan exceeds a budget; undefined if it does not. */
export function estimateProblem(
  profile: Job['profile'],
  plan: Plan,
  max: number | undefined = limitsOf(profile).max,
): string | undefined {
  const { price, name, model, body } = profile;
  if (price === undefined || max === undefined) return undefined;
  const sending = sendingOf(plan);
  // A rough estimate rejects no job. Instead, the first shard runs alone, and its answers show the cost.
  const inputOnly = isGuess(profile, NOTHING_REPORTED);
  const cost = inputOnly
    ? costOf(priceOf(price, model), { ...sending, outputTokens: 0 })
    : estimateCost(profile, sending);
  if (cost <= max) return undefined;
  const text = (sum: number): string => moneyText(sum, price.currency);
  const longest = longestAnswer(body);
  const output = longest === undefined || inputOnly ? '' : ` and answers of at most ${longest} tokens`;
  return `${sending.rows} rows with about ${sending.inputTokens} input tokens${output} would cost about ${text(cost)}, more than the budget of ${text(max)} of the profile "${name}": about ${text(cost - max)} are missing. Nothing was sent.`;
}

const NOTHING_REPORTED = { answers: 0, outputTokens: 0 };
