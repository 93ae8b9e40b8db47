import type { Job } from '../checkpoints/job.ts';
import { settledRows } from '../checkpoints/outcomes.ts';
import type { Plan } from '../checkpoints/plan.ts';
import type { Summary } from '../checkpoints/summary.ts';
import { jobAtStep } from '../ladder/step-of-round.ts';
import { costOfModels, money } from '../spending/price.ts';
import { sumSteps } from './counts/step-counts.ts';
import type { SettledShard } from './shard/settle-shards.ts';

/** Each step with its cost, at the price of the step; only in jobs with a ladder. */
export function stepsOf(
  job: Job,
  plan: Plan | undefined,
  shards: readonly SettledShard[],
): Pick<Summary, 'steps' | 'cost'> {
  if (job.profile.then === undefined) return {};
  const counts = sumSteps(
    shards.map(({ shard, end: { steps, counts, usage, models = [] } }) => {
      const { answered = 0, reused = 0 } = plan?.shards[shard] ?? {};
      // Rows with known answers were not sent by any step.
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
